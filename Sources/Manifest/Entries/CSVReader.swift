internal import BPFObject
internal import Planning

/// Entries as RFC 4180 text: a header of `key[.field]` and `value[.field]`, commas, fields in
/// double quotes where they need them, LF or CR LF.
struct CSVReader: EntryReader {
  private struct Field {
    var start: Int
    var end: Int
    var quoted: Bool
    /// A doubled quote is in it, so its text is not its bytes.
    var escaped: Bool
    var line: Int
  }

  private let bytes: [UInt8]
  private let file: String
  private var offset: Int
  private var line = 1
  private var fields: [Field] = []
  private var columns: [[String]] = []
  /// Makes `{key: …, value: …}` of a row's fields; nil until the header is read.
  private var template: ValueColumns?
  /// The columns of a table that has `value` and perhaps `key`, and no parts of them.
  private var whole: (key: Int?, value: Int)?

  init(_ bytes: [UInt8], file: String) throws(Diagnostic) {
    self.bytes = bytes
    self.file = file
    offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    skipEmptyLines()
    guard offset < bytes.count else {
      throw Diagnostic(
        code: "csv-header", message: "the file is empty",
        location: SourceLocation(file: file, line: 1, column: 1), hints: [Self.headerHint])
    }
    try scanRow()
    try readHeader()
  }

  private static let headerHint = "the first line names the columns: key,value or key.src,value"

  mutating func next() throws(Diagnostic) -> EntryRow? {
    skipEmptyLines()
    guard offset < bytes.count else { return nil }
    let (start, line) = (offset, line)
    try scanRow()
    guard fields.count == columns.count else {
      let missing = fields.count < columns.count
      let field = missing ? fields[fields.count - 1] : fields[columns.count]
      throw error(
        "csv-row", "the row has \(fields.count) fields, and the header \(columns.count)",
        at: missing ? field.end : field.start, line: field.line,
        hint: missing ? nil : "a field with a comma in it must be in double quotes")
    }
    var row = EntryRow(key: nil, value: .null, offset: start, line: line)
    if let whole {
      row.key = whole.key.flatMap { cell(fields[$0]) }
      row.value = cell(fields[whole.value]) ?? .null
    } else if case .record(let members)? = template?.value(row: fields.map(cell)) {
      for member in members {
        if member.name == "key" { row.key = member.value } else { row.value = member.value }
      }
    }
    return row
  }

  /// Nil for an empty field: a field of a record that is not given. Quotes say nothing else about
  /// what a field is, since they are how CSV writes commas.
  private func cell(_ field: Field) -> Value? {
    field.start == field.end && !field.quoted ? nil : .scalar(text(field), plain: true)
  }

  func locate(_ part: EntryRow.Part, _ path: [ValuePathStep], in row: EntryRow) -> SourceLocation {
    var again = self
    again.offset = row.offset
    again.line = row.line
    var names = [part.rawValue]
    for step in path {
      switch step {
      case .member(let name): names.append(name)
      case .index(let index): names.append(String(index))
      }
    }
    guard (try? again.scanRow()) != nil,
      let column = columns.firstIndex(where: { $0.starts(with: names) || names.starts(with: $0) }),
      again.fields.indices.contains(column)
    else { return SourceLocation(file: file, line: row.line, column: 1) }
    let field = again.fields[column]
    let start = field.quoted ? field.start - 1 : field.start
    let length = max(1, field.end - start + (field.quoted ? 1 : 0))
    return location(of: start, line: field.line, length: length)
  }

  private mutating func skipEmptyLines() {
    while offset < bytes.count, bytes[offset] == 0x0A || bytes[offset] == 0x0D {
      if bytes[offset] == 0x0A { line += 1 }
      offset += 1
    }
  }

  /// Splits the row at `offset` into `fields` and goes behind it, also when it throws.
  private mutating func scanRow() throws(Diagnostic) {
    fields.removeAll(keepingCapacity: true)
    let source = bytes
    var index = offset
    var failure: Diagnostic?
    while true {
      var field = Field(start: index, end: index, quoted: false, escaped: false, line: line)
      if index < source.count, source[index] == 0x22 {
        field.quoted = true
        index += 1
        field.start = index
        while true {
          guard index < source.count else {
            offset = index
            throw error(
              "csv-quote", "the quote is not closed", at: field.start - 1, line: field.line)
          }
          if source[index] == 0x22 {
            guard index + 1 < source.count, source[index + 1] == 0x22 else { break }
            field.escaped = true
            index += 1
          } else if source[index] == 0x0A {
            line += 1
          }
          index += 1
        }
        field.end = index
        index += 1
        if index < source.count, source[index] != 0x2C, source[index] != 0x0A, source[index] != 0x0D
        {
          failure =
            failure
            ?? error(
              "csv-quote", "expected ',' or the end of the row after the closing quote", at: index,
              line: line, hint: #"a quote inside of quotes is doubled: "a ""b"" c""#)
          while index < source.count, source[index] != 0x2C, source[index] != 0x0A { index += 1 }
        }
      } else {
        while index < source.count, source[index] != 0x2C, source[index] != 0x0A {
          if source[index] == 0x22 {
            failure =
              failure
              ?? error(
                "csv-quote", "a quote stands inside of a field without quotes", at: index,
                line: line,
                hint: "put the whole field in double quotes, and double those inside")
          }
          index += 1
        }
        field.end = index
        if field.end > field.start, source[field.end - 1] == 0x0D,
          index == source.count || source[index] == 0x0A
        {
          field.end -= 1
        }
      }
      fields.append(field)
      if index < source.count, source[index] == 0x0D { index += 1 }
      guard index < source.count else { break }
      let separator = source[index]
      index += 1
      if separator == 0x0A {
        line += 1
        break
      }
    }
    offset = index
    if let failure { throw failure }
  }

  private func text(_ field: Field) -> String {
    let text = String(decoding: bytes[field.start..<field.end], as: UTF8.self)
    return field.escaped ? text.replacing("\"\"", with: "\"") : text
  }

  private mutating func readHeader() throws(Diagnostic) {
    var seen: Set<[String]> = []
    guard fields.count <= 256 else {
      throw error(
        "csv-header", "\(fields.count) columns are more than an entry has", at: fields[256].start,
        line: fields[256].line)
    }
    for field in fields {
      let name = text(field)
      let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard path[0] == "key" || path[0] == "value", !path.contains("") else {
        throw error(
          "csv-header", "the column \(Printable.quoted(name)) is neither 'key' nor 'value'",
          at: field.start, line: field.line, length: max(1, field.end - field.start),
          hint: Suggestion.hint(for: path[0], in: ["key", "value"]) ?? Self.headerHint)
      }
      guard path.count <= 16 else {
        throw error(
          "csv-header", "the column \(Printable.quoted(name)) goes too deep", at: field.start,
          line: field.line)
      }
      let clash = columns.first { $0.starts(with: path) || path.starts(with: $0) }
      guard seen.insert(path).inserted, clash == nil else {
        let other = clash ?? path
        throw error(
          "csv-header",
          "the columns '\(other.joined(separator: "."))' and '\(name)' are about the same value",
          at: field.start, line: field.line, length: max(1, field.end - field.start))
      }
      columns.append(path)
    }
    guard columns.contains(where: { $0[0] == "value" }) else {
      throw error(
        "csv-header", "no column 'value' is named", at: fields[0].start, line: fields[0].line,
        hint: Self.headerHint)
    }
    if columns.allSatisfy({ $0.count == 1 }), let value = columns.firstIndex(of: ["value"]) {
      whole = (columns.firstIndex(of: ["key"]), value)
    }
    do throws(ValueError) {
      template = try ValueColumns(header: columns.map { $0.joined(separator: ".") })
    } catch {
      throw self.error("csv-header", error.message, at: fields[0].start, line: fields[0].line)
    }
  }

  private func location(of offset: Int, line: Int, length: Int = 1) -> SourceLocation {
    var start = min(offset, bytes.count)
    while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
    if start == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
    return SourceLocation(
      file: file, line: line,
      column: UTF8Text.column(of: offset, lineStart: start, in: bytes), length: length)
  }

  private func error(
    _ code: String, _ message: String, at offset: Int, line: Int, length: Int = 1,
    hint: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      code: code, message: message, location: location(of: offset, line: line, length: length),
      hints: hint.map { [$0] } ?? [])
  }
}
