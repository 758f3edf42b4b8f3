/// A line of C, as line information names it.
public struct SourceLine: Hashable, Sendable {
  public var file: String
  /// From 1.
  public var line: Int
  public var column: Int
  /// The line itself.
  public var text: String

  public init(file: String, line: Int, column: Int, text: String) {
    self.file = file
    self.line = line
    self.column = column
    self.text = text
  }

  /// The line of an instruction, of records by ascending instruction whose strings are in `btf`; nil
  /// without one for it.
  public init?(of instruction: Int, in lineInfo: [LineInfo], _ btf: BTF) {
    guard let wanted = UInt32(exactly: instruction) else { return nil }
    var low = 0
    var high = lineInfo.count
    while low < high {
      let middle = (low + high) / 2
      if lineInfo[middle].instruction <= wanted { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let record = lineInfo[low - 1]
    self.init(
      file: btf.string(at: record.file), line: Int(record.position >> 10),
      column: Int(record.position & 0x3ff), text: btf.string(at: record.text))
  }
}
