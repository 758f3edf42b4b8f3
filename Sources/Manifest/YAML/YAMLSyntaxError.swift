internal import CYAML
internal import Planning

/// What libyaml reports, in words that a person can act on.
struct YAMLSyntaxError {
  private let problem: String
  private let context: String
  private let at: Position
  private let opened: Position?
  private let line: [Unicode.Scalar]

  init(_ parser: yaml_parser_t, source: [UInt8]) {
    problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "not YAML"
    context = unsafe parser.context.map { unsafe String(cString: $0) } ?? ""
    if unsafe parser.error == YAML_READER_ERROR {
      // Readers count bytes of the file and set no mark; the byte order mark was cut off.
      let start = source.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
      at = UTF8Text.position(of: unsafe parser.problem_offset + start, in: source)
      opened = nil
    } else {
      let mark = unsafe parser.problem_mark
      at = Position(
        line: UInt32(clamping: mark.line + 1), column: UInt32(clamping: mark.column + 1))
      let start = unsafe parser.context_mark
      opened =
        context.isEmpty || (start.line == mark.line && start.column == mark.column)
        ? nil
        : Position(
          line: UInt32(clamping: start.line + 1), column: UInt32(clamping: start.column + 1))
    }
    let text = SourceText(file: "", bytes: source).line(Int(at.line)) ?? []
    // A line of megabytes is not worth looking through for a hint.
    line = Array(String(decoding: text.prefix(4096), as: UTF8.self).unicodeScalars)
  }

  func diagnostic(file: String) -> Diagnostic {
    var result = Diagnostic(
      code: "yaml-syntax", message: words, location: SourceLocation(file: file, at: at))
    if let opened, let note = openedNote {
      result.related = [.init(message: note, location: SourceLocation(file: file, at: opened))]
    }
    if found == "\t" {
      result.code = "yaml-tab"
      result.message = "a tab cannot indent YAML"
      result.hints = ["indent with spaces"]
    } else if let scalar = unquoted {
      let text = String(String.UnicodeScalarView(line[scalar]))
      result.message = "\(Printable.quoted(text)) must be quoted inside of { } and [ ]"
      result.hints = ["quote it: \"\(text)\""]
      result.related = []
      result.location = SourceLocation(
        file: file, line: Int(at.line), column: scalar.lowerBound + 1, length: scalar.count)
    } else if let found, "@`%".unicodeScalars.contains(found) {
      result.hints = ["text that starts with '\(found)' must be quoted"]
    } else if problem.hasPrefix("mapping values are not allowed") {
      result.hints = [
        "a value with ': ' in it must be quoted; a key of the next line must be indented as its "
          + "neighbours"
      ]
    }
    return result
  }

  private var found: Unicode.Scalar? {
    let index = Int(at.column) - 1
    return line.indices.contains(index) ? line[index] : nil
  }

  private var words: String {
    if problem == "control characters are not allowed" {
      return "a control character cannot stand in YAML"
    }
    if problem == "found unexpected end of stream" { return "the text ends in a quoted scalar" }
    if problem == "found character that cannot start any token", let found {
      return "nothing in YAML starts with '\(found)'"
    }
    if problem.hasPrefix("did not find expected ',' or") {
      return "expected \(problem.dropFirst("did not find expected ".count))"
    }
    if problem == "did not find expected key" {
      return "expected a key, indented as the others of this mapping"
    }
    if problem == "did not find expected '-' indicator" {
      return "expected '- ', indented as the others of this list"
    }
    if problem == "did not find expected node content" { return "expected a value" }
    return problem
  }

  private var openedNote: String? {
    switch context {
    case "while parsing a flow mapping": "the '{' is here"
    case "while parsing a flow sequence": "the '[' is here"
    case "while parsing a block mapping": "the mapping starts here"
    case "while parsing a block collection": "the list starts here"
    case "while scanning a quoted scalar": "the quote is here"
    default: nil
    }
  }

  /// The plain scalar at the problem that flow style does not allow: `x[eth0]`, `${x}`, `::1`.
  private var unquoted: Range<Int>? {
    guard context.hasPrefix("while parsing a flow") else { return nil }
    let problem = Int(at.column) - 1
    guard let found else { return nil }
    var start = problem
    if found == "{" || found == "[" || found == "}" {
      while start > 0, !isBoundary(line[start - 1]) { start -= 1 }
      // libyaml stops at the second '{' of `{${x}: 1}` only behind the '$'.
      guard start < problem else { return nil }
    } else {
      let next = line.indices.contains(problem + 1) ? line[problem + 1] : " "
      guard found == ":", next != " ", start == 0 || isBoundary(line[start - 1]) else { return nil }
    }
    var end = problem
    var depth = 0
    while end < line.count {
      let scalar = line[end]
      if depth == 0, scalar == "," || scalar == " " || scalar == "}" || scalar == "]" { break }
      if scalar == "{" || scalar == "[" { depth += 1 }
      if scalar == "}" || scalar == "]" { depth -= 1 }
      end += 1
    }
    return end > start ? start..<end : nil
  }

  private func isBoundary(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\t" || scalar == "," || scalar == "{" || scalar == "["
  }
}
