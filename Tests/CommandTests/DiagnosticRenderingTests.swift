import BPFObject
import Manifest
import Planning
import Reconciling
import Testing

@testable import bpfapply

@Suite struct DiagnosticRenderingTests {
  static var plain: DiagnosticText { DiagnosticText(style: .plain) { _ in nil } }

  static var rejection: KernelFailure {
    var failure = KernelFailure(
      operation: "BPF_PROG_LOAD", subject: "program.fw/xdp_filter", errorNumber: 13,
      message: "Permission denied (EACCES)", hints: ["check the bounds before the access"])
    failure.verifierLog =
      (1...30).map { "\($0): (bf) r\($0 % 10) = r1" }.joined(separator: "\n")
      + "\nR1 invalid mem access 'scalar'\nprocessed 9 insns (limit 1000000) max_states 1\n"
    failure.sourceLine = SourceLine(
      file: "firewall.bpf.c", line: 42, column: 14, text: "  if (data + 14 > data_end)")
    return failure
  }

  @Test func verifierRejectionShowsTheSourceLineAndTheEndOfTheLog() throws {
    try expectGolden(Self.plain.render(Failure(Self.rejection)), "verifier.txt")
  }

  @Test func verifierRejectionAsJSONHoldsTheWholeLog() {
    let line = DiagnosticJSON.json(Failure(Self.rejection)).line
    #expect(line.contains(#""code":"verifier-rejected""#))
    #expect(line.contains(#""location":{"file":"firewall.bpf.c","line":42,"column":14"#))
    #expect(line.contains("1: (bf) r1 = r1"))
  }

  @Test func kernelFailureNamesCallErrnoAndCause() throws {
    let failure = KernelFailure(
      operation: "BPF_MAP_CREATE", subject: "map.flows", errorNumber: 1,
      message: "the map cannot be created",
      hints: ["missing CAP_BPF; run as root or grant it"])
    try expectGolden(Self.plain.render(Failure(failure)), "kernel-failure.txt")
  }

  @Test func kernelFailureDoesNotRepeatItself() {
    let failure = KernelFailure(
      operation: "BPF_OBJ_GET", subject: "/sys/fs/bpf/x", errorNumber: 2,
      message: "BPF_OBJ_GET: No such file or directory (ENOENT)")
    #expect(
      Failure(failure).diagnostics[0].message
        == "/sys/fs/bpf/x: BPF_OBJ_GET: No such file or directory (ENOENT)")
  }

  @Test func objectErrorNamesFileSectionAndOffset() {
    let error = ObjectError(
      file: "fw.bpf.o", section: ".maps", offset: 32, message: "unknown field 'typ'",
      hint: "did you mean 'type'?")
    #expect(
      Self.plain.render(Failure(error)) == """
        error[bad-object]: fw.bpf.o: section .maps, offset 0x20: unknown field 'typ'
         = hint: did you mean 'type'?

        """)
  }

  @Test func manifestErrorShowsTheLine() throws {
    let source = "apiVersion: bpfapply/v1\nname: fw\nmapz: {}\n"
    do {
      _ = try Manifest.parse(Array(source.utf8), file: "m.yaml")
      Issue.record("parsed")
    } catch {
      let text = DiagnosticText(style: .plain) { SourceText(file: $0, bytes: Array(source.utf8)) }
      try expectGolden(text.render(Failure(error)), "manifest-error.txt")
    }
  }
}
