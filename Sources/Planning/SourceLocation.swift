/// A place in a file that a person wrote; lines and columns count from 1, columns in characters.
public struct SourceLocation: Hashable, Sendable, Codable {
  public var file: String
  public var line: Int
  public var column: Int
  /// How many characters to underline; at least 1.
  public var length: Int

  public init(file: String, line: Int, column: Int, length: Int = 1) {
    self.file = file
    self.line = line
    self.column = column
    self.length = length
  }
}

extension SourceLocation: CustomStringConvertible {
  public var description: String { "\(file):\(line):\(column)" }
}
