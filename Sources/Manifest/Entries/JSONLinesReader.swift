internal import BPFObject
internal import Planning

/// Entries as JSON Lines: `{"key": …, "value": …}` on each line.
struct JSONLinesReader: EntryReader {
  private let bytes: [UInt8]
  private let file: String
  private var offset: Int
  private var line = 1

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
    offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  mutating func next() throws(Diagnostic) -> EntryRow? {
    while offset < bytes.count {
      let start = offset
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      let number = line
      offset = end + 1
      line += 1
      let blank = bytes[start..<end].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if blank { continue }
      return try row(start..<end, line: number)
    }
    return nil
  }

  private func row(_ range: Range<Int>, line: Int) throws(Diagnostic) -> EntryRow {
    var parser = JSONParser(bytes, range: range)
    let parsed: Value
    do throws(JSONParser.Failure) {
      parsed = try parser.document()
    } catch {
      throw Diagnostic(
        code: "json-syntax", message: error.message,
        location: location(of: error.offset, row: range.lowerBound, line: line))
    }
    guard case .record(let members) = parsed else {
      throw Diagnostic(
        code: "json-entry", message: "expected {\"key\": …, \"value\": …}",
        location: location(of: range.lowerBound, row: range.lowerBound, line: line))
    }
    var row = EntryRow(key: nil, value: .null, offset: range.lowerBound, line: line)
    var hasValue = false
    for member in members {
      switch member.name {
      case "key": row.key = member.value
      case "value":
        row.value = member.value
        hasValue = true
      default:
        throw Diagnostic(
          code: "unknown-key", message: "unknown key \(Printable.quoted(member.name)) in an entry",
          location: place(of: [.member(member.name)], row: range.lowerBound, line: line),
          hints: [Suggestion.hint(for: member.name, in: ["key", "value"])].compactMap { $0 })
      }
    }
    guard hasValue else {
      throw Diagnostic(
        code: "missing-key", message: "'value' is missing in an entry",
        location: location(of: range.lowerBound, row: range.lowerBound, line: line))
    }
    return row
  }

  func locate(_ part: EntryRow.Part, _ path: [ValuePathStep], in row: EntryRow) -> SourceLocation {
    place(of: [.member(part.rawValue)] + path, row: row.offset, line: row.line)
  }

  private func place(of path: [ValuePathStep], row: Int, line: Int) -> SourceLocation {
    let end = bytes[row...].firstIndex(of: 0x0A) ?? bytes.count
    var parser = JSONParser(bytes, range: row..<end)
    parser.wanted = path
    _ = try? parser.document()
    let found = parser.found ?? row..<row + 1
    var result = location(of: found.lowerBound, row: row, line: line)
    result.length = max(1, found.count)
    return result
  }

  private func location(of offset: Int, row: Int, line: Int) -> SourceLocation {
    SourceLocation(
      file: file, line: line, column: UTF8Text.column(of: offset, lineStart: row, in: bytes))
  }
}
