import BPFObject

private let objects = seeds([
  "core_fields", "core_bitfields", "core_types", "core_enums", "core_stores",
])

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  Exercise.relocations(against: bytes, of: objects)
  return 0
}
