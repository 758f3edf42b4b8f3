/// What can be said about a file before it is parsed.
enum YAMLSource {
  static func check(_ bytes: [UInt8], limit: Int, log: inout DiagnosticLog) -> Bool {
    guard bytes.count <= limit else {
      log.error(
        "too-large", "\(bytes.count) bytes are more than a manifest may have (\(limit))", at: nil,
        hints: ["entries that many belong into a CSV or JSON Lines file: entries.file"])
      return false
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      log.error(
        "not-utf8", "this is UTF-16, and a manifest is UTF-8", at: nil)
      return false
    }
    if let offset = UTF8Text.firstInvalid(in: bytes) {
      log.error(
        "not-utf8", "the byte 0x\(UTF8Text.hex(bytes[offset])) is not UTF-8",
        at: UTF8Text.position(of: offset, in: bytes))
      return false
    }
    if let offset = firstForeignBreak(in: bytes) {
      log.error(
        "invalid-character", "an invisible line break (U+0085, U+2028 or U+2029) stands here",
        at: UTF8Text.position(of: offset, in: bytes),
        hints: [#"write it as an escape in double quotes: "\u2028""#])
      return false
    }
    return true
  }

  /// libyaml counts these as line ends, which YAML 1.2 and editors do not: positions would shift.
  private static func firstForeignBreak(in bytes: [UInt8]) -> Int? {
    let span = bytes.span
    var index = 0
    while index < span.count {
      let byte = span[index]
      if byte == 0xC2, index + 1 < span.count, span[index + 1] == 0x85 { return index }
      if byte == 0xE2, index + 2 < span.count, span[index + 1] == 0x80,
        span[index + 2] & 0xFE == 0xA8
      {
        return index
      }
      index += 1
    }
    return nil
  }
}

/// Offsets and positions in text that should be UTF-8.
enum UTF8Text {
  static func firstInvalid(in bytes: [UInt8]) -> Int? {
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
      return nil
    } catch {
      return min(error.byteOffsets.lowerBound, max(bytes.count - 1, 0))
    }
  }

  static func position(of offset: Int, in bytes: [UInt8]) -> Position {
    var line: UInt32 = 1
    var column: UInt32 = 1
    var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while index < min(offset, bytes.count) {
      let byte = bytes[index]
      if byte == 0x0A || (byte == 0x0D && (index + 1 == bytes.count || bytes[index + 1] != 0x0A)) {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
      index += 1
    }
    return Position(line: line, column: column)
  }

  static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count == 1 ? "0" + digits : digits
  }
}
