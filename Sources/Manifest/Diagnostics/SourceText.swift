/// The bytes of a file by line, for showing the line that a diagnostic means.
public struct SourceText: Sendable {
  public let file: String
  public let bytes: [UInt8]
  private let starts: [Int]

  /// Finds the lines once, in one pass. A line ends with LF, CR LF or a lone CR, as in YAML.
  public init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
    var starts = [bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
    let span = bytes.span
    for index in span.indices {
      let byte = span[index]
      if byte == 0x0A {
        starts.append(index + 1)
      } else if byte == 0x0D, index + 1 == span.count || span[index + 1] != 0x0A {
        starts.append(index + 1)
      }
    }
    self.starts = starts
  }

  /// A line from 1, without its end; nil behind the file.
  public func line(_ number: Int) -> ArraySlice<UInt8>? {
    guard number >= 1, number <= starts.count else { return nil }
    let start = starts[number - 1]
    var end = number < starts.count ? starts[number] : bytes.count
    while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
    return bytes[start..<end]
  }
}
