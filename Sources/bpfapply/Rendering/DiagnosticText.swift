import Manifest

/// What went wrong, as text for people: one layout for every kind of error.
struct DiagnosticText {
  /// How many lines of a verifier's log are shown.
  static let logLines = 12

  var style: Style
  /// Reads a file that a diagnostic names; nil when it cannot be read (again).
  var source: (String) -> SourceText?

  func render(_ failure: Failure) -> String {
    var out = failure.diagnostics.map { render($0, quotes: failure.quotes) }.joined(separator: "\n")
    if let log = failure.verifierLog { out += Self.excerpt(of: log) }
    return out
  }

  func render(_ diagnostic: Diagnostic, quotes: [Failure.Quote] = []) -> String {
    let text = diagnostic.render { file in
      if let quote = quotes.first(where: { $0.file == file }) {
        // Line info holds the very line that was compiled; the file may have changed since.
        let lead = [UInt8](
          repeating: UInt8(ascii: "\n"), count: max(min(quote.line, 1 << 22) - 1, 0))
        return SourceText(file: file, bytes: lead + Array(quote.text.utf8))
      }
      return source(file)
    }
    guard style.colour, let end = text.firstIndex(of: ":") else { return text }
    let colour: Style.Colour =
      switch diagnostic.severity {
      case .error: .red
      case .warning: .yellow
      case .note: .cyan
      }
    return style(String(text[..<end]), colour) + text[end...]
  }

  /// The last lines of the log, which say what was refused, and how many were left out.
  static func excerpt(of log: String) -> String {
    let lines = log.split(separator: "\n").filter { !isStatistics($0) }
    guard !lines.isEmpty else { return "" }
    let omitted = lines.count - min(lines.count, logLines)
    var out = "what the verifier said"
    if omitted > 0 { out += " at last (\(counted(omitted, "earlier line")) left out)" }
    out += ":\n"
    for line in lines.suffix(logLines) { out += "  \(visible(String(line)))\n" }
    return out
  }

  /// `processed 9 insns (limit 1000000) …` stands last and says nothing about the cause.
  private static func isStatistics(_ line: Substring) -> Bool {
    line.hasPrefix("processed ") && line.contains(" insns ")
      || line.hasPrefix("verification time ") || line.hasPrefix("stack depth ")
  }
}

/// The same for machines.
enum DiagnosticJSON {
  static func json(_ failure: Failure) -> JSON {
    .members([
      "format_version": "1.0",
      "exit_status": .number(UInt64(failure.status.rawValue)),
      "diagnostics": .list(failure.diagnostics.map(json)),
      "verifier_log": failure.verifierLog.map { .text($0) },
    ])
  }

  static func json(warnings: [Diagnostic]) -> JSON {
    .members(["format_version": "1.0", "diagnostics": .list(warnings.map(json))])
  }

  static func json(_ diagnostic: Diagnostic) -> JSON {
    .members([
      "severity": .text(diagnostic.severity.rawValue),
      "code": .text(diagnostic.code),
      "message": .text(diagnostic.message),
      "location": diagnostic.location.map { PlanJSON.location($0) },
      "hints": diagnostic.hints.isEmpty ? nil : .texts(diagnostic.hints),
      "related": diagnostic.related.isEmpty
        ? nil
        : .list(
          diagnostic.related.map {
            .members(["message": .text($0.message), "location": PlanJSON.location($0.location)])
          }),
    ])
  }
}
