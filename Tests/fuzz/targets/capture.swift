import Manifest

/// pcap and pcapng: any bytes give a frame or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  for number in [1, 2, Int(Int32.max)] { _ = try? CaptureFile.frame(number, of: bytes) }
  return 0
}
