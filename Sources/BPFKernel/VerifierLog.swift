/// The buffer that the verifier writes into, grown until its log fits.
struct VerifierLog {
  /// What the kernel accepts at most before 5.2 (UINT_MAX >> 8).
  private static let largest = 16 << 20

  private(set) var text = ""

  /// What the verifier found; empty where it says no more than that it has looked at nothing, since
  /// something else refused the program.
  var findings: String { text.hasPrefix("processed 0 insns") ? "" : text }

  /// Makes a call that takes the address and size of a log buffer, again with four times the
  /// buffer as long as it answers ENOSPC. Returns the last result.
  mutating func collect(_ call: (_ address: UInt64, _ size: UInt32) -> Int) -> Int {
    var size = 64 << 10
    while true {
      var buffer = [UInt8](repeating: 0, count: size)
      let result = buffer.withMutableAddress { call($0, UInt32(size)) }
      text = BPFKernel.text(in: buffer)
      if result != -Int(Errno.noSpace.rawValue) || size >= Self.largest { return result }
      size = min(size * 4, Self.largest)
    }
  }
}
