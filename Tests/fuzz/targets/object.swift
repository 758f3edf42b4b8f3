import BPFObject

private let kernel = seeds(["core_fields"]).compactMap(\.btf).map { TargetTypes(vmlinux: $0) }

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  Exercise.object(bytes, against: kernel)
  return 0
}
