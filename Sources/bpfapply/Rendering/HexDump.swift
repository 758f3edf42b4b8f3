/// Bytes for people.
enum HexDump {
  private static let width = 16
  /// As many rows of a difference are shown.
  private static let rows = 12

  /// Two digits for each byte, nothing between them.
  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// "2 of 54 bytes differ, the first at 0x0010".
  static func summary(expected: [UInt8], got: [UInt8]) -> String {
    let common = min(expected.count, got.count)
    let different = (0..<common).filter { expected[$0] != got[$0] }
    var parts: [String] = []
    if expected.count != got.count {
      parts.append("\(counted(got.count, "byte")) instead of \(expected.count)")
    }
    if let first = different.first {
      let verb = different.count == 1 ? "differs" : "differ"
      parts.append("\(different.count) of \(common) bytes \(verb), the first at \(offset(first))")
    }
    return parts.joined(separator: "; ")
  }

  /// The rows that differ: `-` expected, `+` got.
  static func difference(expected: [UInt8], got: [UInt8], style: Style) -> [String] {
    let count = max(expected.count, got.count)
    let starts = stride(from: 0, to: count, by: width).filter {
      row(expected, $0) != row(got, $0)
    }
    var lines: [String] = []
    for start in starts.prefix(rows) {
      let sides: [(String, [UInt8], Style.Colour)] = [("-", expected, .red), ("+", got, .green)]
      for (sign, bytes, colour) in sides where start < bytes.count {
        let text = row(bytes, start).map { hex(CollectionOfOne($0)) }.joined(separator: " ")
        lines.append(style("\(sign) \(offset(start))  \(text)", colour))
      }
      let marks = (start..<min(start + width, count)).map { index in
        index < expected.count && index < got.count && expected[index] == got[index] ? "  " : "^^"
      }.joined(separator: " ")
      var trimmed = "          \(marks)"
      while trimmed.hasSuffix(" ") { trimmed.removeLast() }
      lines.append(trimmed)
    }
    if starts.count > rows { lines.append("… and \(starts.count - rows) more rows") }
    return lines
  }

  private static func row(_ bytes: [UInt8], _ start: Int) -> ArraySlice<UInt8> {
    start < bytes.count ? bytes[start..<min(start + width, bytes.count)] : []
  }

  private static func offset(_ index: Int) -> String {
    let text = String(index, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 4 - text.count)) + text
  }
}
