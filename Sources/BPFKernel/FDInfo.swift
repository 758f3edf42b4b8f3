/// What procfs tells of a descriptor of a map and info does not: `/proc/self/fdinfo/N`.
public struct MapDescriptorInfo: Hashable, Sendable {
  /// Whether user space may no longer change it.
  public var isFrozen: Bool
  /// Bytes of kernel memory; an estimate since 5.11, then nil on kernels that do not tell.
  public var lockedMemory: UInt64?

  public init(of map: Map) throws(KernelError) {
    try self.init(text: readFile("/proc/self/fdinfo/\(map.descriptor.rawValue)"))
  }

  init(text: [UInt8]) {
    isFrozen = false
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(whereSeparator: { $0 == UInt8(ascii: ":") || $0 == 9 || $0 == 32 })
      guard fields.count == 2 else { continue }
      let value = UInt64(String(decoding: fields[1], as: UTF8.self))
      if fields[0].elementsEqual("frozen".utf8) { isFrozen = value == 1 }
      if fields[0].elementsEqual("memlock".utf8) { lockedMemory = value }
    }
  }
}
