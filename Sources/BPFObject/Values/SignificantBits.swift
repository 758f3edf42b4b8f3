/// Which bits of a type's bytes mean something: all but padding and what the kernel keeps to itself.
///
/// Made once per map and asked for every entry, so that comparing a value costs no walk of its type.
public struct SignificantBits: Sendable {
  /// One bits count. As long as the type; nil when every bit counts.
  public let mask: [UInt8]?
  private let isPrefix: Bool

  public init(_ layout: Layout) {
    let mask = layout.mask
    self.mask = mask.allSatisfy { $0 == 0xff } ? nil : mask
    if case .prefix = layout { isPrefix = true } else { isPrefix = false }
  }

  /// `bytes` with zeros where nothing counts, and after the prefix of an LPM trie's key. Bytes of
  /// another length than the type come back as they are.
  public func canonical(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    if let mask, mask.count == bytes.count {
      for index in mask.indices { bytes[index] &= mask[index] }
    }
    return isPrefix ? Layout.withoutHostBits(bytes) : bytes
  }

  /// Whether both are the same value.
  public func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    if a == b { return true }
    guard a.count == b.count, mask != nil || isPrefix else { return false }
    return canonical(a) == canonical(b)
  }
}

extension Layout {
  /// As long as the type (empty past `maximumSize`): one bits count, the bits of padding and of
  /// opaque members are zero. In a union a bit counts if it does in any alternative.
  public var mask: [UInt8] {
    let size = size
    guard (0...Layout.maximumSize).contains(size) else { return [] }
    var mask = [UInt8](repeating: 0, count: size)
    mark(&mask, at: 0)
    return mask
  }

  /// `bytes` with padding and opaque members zero; see `SignificantBits` for many values.
  public func canonical(_ bytes: [UInt8]) -> [UInt8] {
    SignificantBits(self).canonical(bytes)
  }

  private func mark(_ mask: inout [UInt8], at offset: Int) {
    switch self {
    case .opaque: return
    case .record(_, let fields, _):
      for field in fields where !field.isPadding {
        if let width = field.bitSize {
          let count = mask.count
          _ = RawBits.forEachBit(
            offset: offset, bitOffset: field.bitOffset, bitSize: width, count: count
          ) { _, byte, bit in mask[byte] |= bit }
        } else {
          let (place, overflow) = offset.addingReportingOverflow(field.bitOffset / 8)
          if !overflow { field.layout.mark(&mask, at: place) }
        }
      }
    case .prefix(let record): record.mark(&mask, at: offset)
    case .array(let element, let count):
      let size = element.size
      guard size > 0, RawBits.isInside(offset: offset, size: self.size, of: mask) else { return }
      if element.isDense {
        for index in offset..<offset + self.size { mask[index] = 0xff }
      } else {
        for index in 0..<count { element.mark(&mask, at: offset + index * size) }
      }
    default:
      let size = size
      guard RawBits.isInside(offset: offset, size: size, of: mask) else { return }
      for index in offset..<offset + size { mask[index] = 0xff }
    }
  }

  /// A type of whole bytes that all count.
  private var isDense: Bool {
    switch self {
    case .opaque, .record, .prefix: false
    case .array(let element, _): element.isDense
    default: true
    }
  }
}
