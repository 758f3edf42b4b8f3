import BPFObject
import Testing

@testable import Reconciling

@Suite struct VerifierHintTests {
  @Test func oldVerifiersAreExplained() {
    let hint = SourceLine.hint(log: "7: (db) BPF_STX uses reserved fields\n")
    #expect(hint?.contains("-mcpu=v2") == true)
    #expect(SourceLine.hint(log: "R0 !read_ok") == nil)
  }
}
