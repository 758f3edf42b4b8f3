import BPFObject

private let objects = seeds(["core_fields", "functions"])

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  Exercise.extensions(bytes, in: objects)
  return 0
}
