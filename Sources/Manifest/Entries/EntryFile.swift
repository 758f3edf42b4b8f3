internal import BPFObject
internal import Planning

/// One row of a file of entries.
struct EntryRow {
  enum Part: String { case key, value }

  /// Nil where the file gives none.
  var key: Value?
  var value: Value
  /// The byte where the row starts, and its line from 1: enough to find a place in it again.
  var offset: Int
  var line: Int
}

/// Reads the rows of a file one by one. After an error the next call goes on with the next row.
protocol EntryReader {
  mutating func next() throws(Diagnostic) -> EntryRow?
  /// Where a part of a row's key or value stands.
  func locate(_ part: EntryRow.Part, _ path: [ValuePathStep], in row: EntryRow) -> SourceLocation
}

enum EntryFile {
  /// The reader for a file by its ending, once its bytes are known to be UTF-8 and its header is
  /// understood.
  static func reader(
    _ bytes: [UInt8], file: String
  ) throws(Diagnostic) -> any EntryReader {
    if let offset = UTF8Text.firstInvalid(in: bytes) {
      throw Diagnostic(
        code: "not-utf8", message: "the byte 0x\(UTF8Text.hex(bytes[offset])) is not UTF-8",
        location: SourceLocation(file: file, at: UTF8Text.position(of: offset, in: bytes)))
    }
    if file.hasSuffix(".jsonl") { return JSONLinesReader(bytes, file: file) }
    return try CSVReader(bytes, file: file)
  }
}

extension UTF8Text {
  /// The column, from 1, of a byte in the line that starts at another.
  static func column(of offset: Int, lineStart: Int, in bytes: [UInt8]) -> Int {
    var column = 1
    var index = lineStart
    while index < min(offset, bytes.count) {
      if bytes[index] & 0xC0 != 0x80 { column += 1 }
      index += 1
    }
    return column
  }
}
