import Planning

/// What became of tests, for machines.
enum TestJSON {
  static func json(_ report: TestReport) -> JSON {
    var mismatches: [TestMismatch] = []
    var reason: String?
    switch report.result {
    case .passed: break
    case .failed(let found): mismatches = found
    case .notRunnable(let text), .broken(let text): reason = text
    }
    return .members([
      "program": .text(report.program),
      "name": .text(report.name),
      "result": .text(report.result.code),
      "reason": reason.map { .text($0) },
      "mismatches": mismatches.isEmpty ? nil : .list(mismatches.map(json)),
      "nanoseconds": report.nanoseconds.map { .number(UInt64($0)) },
      "location": report.location.map { PlanJSON.location($0) },
    ])
  }

  /// A document of its own, for `test`.
  static func document(_ reports: [TestReport]) -> String {
    let tally = TestTally(reports)
    return JSON.members([
      "format_version": "1.0",
      "tests": .list(reports.map(json)),
      "passed": .number(UInt64(tally.passed)),
      "failed": .number(UInt64(tally.failed)),
      "not_runnable": .number(UInt64(tally.notRunnable)),
    ]).document
  }

  private static func json(_ mismatch: TestMismatch) -> JSON {
    switch mismatch {
    case .returned(let expected, let got):
      .members(["what": "return", "expected": .text(expected), "got": .text(got)])
    case .packet(let expected, let got):
      .members([
        "what": "packet", "expected": .text(HexDump.hex(expected)), "got": .text(HexDump.hex(got)),
      ])
    case .metadata(let expected, let got):
      .members([
        "what": "metadata", "expected": .text(HexDump.hex(expected)),
        "got": .text(HexDump.hex(got)),
      ])
    case .context(let field, let expected, let got):
      .members([
        "what": "ctx", "field": .text(field), "expected": .text(expected), "got": .text(got),
      ])
    case .entry(let map, let key, let expected, let got):
      .members([
        "what": "entry", "map": .text(map), "key": .text(key),
        "expected": expected.map { .text($0) } ?? .null, "got": got.map { .text($0) } ?? .null,
      ])
    }
  }
}

extension TestReport.Result {
  /// Its name for machines.
  var code: String {
    switch self {
    case .passed: "passed"
    case .failed: "failed"
    case .notRunnable: "not_runnable"
    case .broken: "error"
    }
  }
}

/// How many tests ended how.
struct TestTally {
  var passed = 0
  var failed = 0
  var notRunnable = 0

  init(_ reports: [TestReport]) {
    for report in reports {
      switch report.result {
      case .passed: passed += 1
      case .failed, .broken: failed += 1
      case .notRunnable: notRunnable += 1
      }
    }
  }

  /// `3 tests: 2 passed, 1 cannot be run here`.
  var sentence: String {
    let parts = [
      passed > 0 ? "\(passed) passed" : nil, failed > 0 ? "\(failed) failed" : nil,
      notRunnable > 0 ? "\(notRunnable) cannot be run here" : nil,
    ].compactMap { $0 }
    let total = counted(passed + failed + notRunnable, "test")
    return parts.isEmpty ? total : "\(total): \(parts.joined(separator: ", "))"
  }
}
