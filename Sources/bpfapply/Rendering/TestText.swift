import Manifest
import Planning

/// What became of programs' tests, as text for people.
struct TestText {
  var style: Style

  /// All tests by program, then the tally.
  func render(_ reports: [TestReport]) -> String {
    list(reports) + "\(TestTally(reports).sentence).\n"
  }

  /// The tests by program, each block with an empty line after it.
  func list(_ reports: [TestReport]) -> String {
    var programs: [String] = []
    for report in reports where programs.last != report.program { programs.append(report.program) }
    var out = ""
    for program in programs {
      out += "program.\(visible(program))\n"
      for report in reports where report.program == program { out += text(of: report) }
      out += "\n"
    }
    return out
  }

  private func text(of report: TestReport) -> String {
    let label: (String, Style.Colour) =
      switch report.result {
      case .passed: ("passed", .green)
      case .failed, .broken: ("FAILED", .red)
      case .notRunnable: ("cannot be run", .yellow)
      }
    var out = "  \(style(padded(label.0, to: 13), label.1))  \(visible(report.name))"
    if report.isFailure, let place = report.location {
      out += style("  (\(visible(place.file)):\(place.line))", .faint)
    }
    out += "\n"
    for line in details(of: report.result) { out += "                   \(line)\n" }
    return out
  }

  private func details(of result: TestReport.Result) -> [String] {
    switch result {
    case .passed: []
    case .notRunnable(let reason), .broken(let reason): [visible(reason)]
    case .failed(let mismatches):
      mismatches.flatMap { mismatch -> [String] in
        var lines = [visible(mismatch.sentence)]
        if case .packet(let expected, let got) = mismatch {
          lines += HexDump.difference(expected: expected, got: got, style: style)
        }
        return lines
      }
    }
  }
}

extension TestMismatch {
  /// One sentence without a period.
  var sentence: String {
    switch self {
    case .returned(let expected, let got): "returned \(got), expected \(expected)"
    case .packet(let expected, let got):
      "the packet is another: \(HexDump.summary(expected: expected, got: got))"
    case .metadata(let expected, let got):
      "the metadata is \(Self.shown(got)), expected \(Self.shown(expected))"
    case .context(let field, let expected, let got):
      "\(field) of the context is \(got), expected \(expected)"
    case .entry(let map, let key, let expected?, let got?):
      "map.\(map) has \(key) = \(got), expected \(expected)"
    case .entry(let map, let key, let expected?, nil):
      "map.\(map) has no \(key), expected \(expected)"
    case .entry(let map, let key, nil, let got?):
      "map.\(map) has \(key) = \(got), expected no such key"
    case .entry(let map, let key, nil, nil): "map.\(map) has no \(key)"
    }
  }

  private static func shown(_ bytes: [UInt8]) -> String {
    bytes.isEmpty ? "empty" : HexDump.hex(bytes)
  }
}

extension Failure {
  /// A diagnostic for each test that failed, at its place; nil when none did.
  init?(tests: [TestReport], status: ExitStatus) {
    let failed = tests.filter(\.isFailure)
    guard !failed.isEmpty else { return nil }
    self.init(
      failed.map { report in
        let reasons: [String] =
          switch report.result {
          case .failed(let mismatches): mismatches.map(\.sentence)
          case .broken(let reason), .notRunnable(let reason): [reason]
          case .passed: []
          }
        return Diagnostic(
          code: "test-failed",
          message: "program.\(report.program): the test '\(report.name)' failed: "
            + reasons.joined(separator: "; "),
          location: report.location)
      }, status: status)
  }
}
