/// A scalar after variables: its text, and what a message may show of it.
struct Scalar {
  var text: String
  /// Not quoted, so that it may be a number or a boolean; true where a variable was put in.
  var plain: Bool
  var at: Position
  /// The variables that were put in.
  var variables: [String] = []
  /// A sensitive variable is in it.
  var sensitive = false

  /// As it was written: quotes are what makes `"5"` no number.
  var shown: String {
    if sensitive { return "a sensitive value" }
    return plain ? Printable.quoted(text) : "\"\(Printable.cut(text))\""
  }
}

/// Why a scalar is not what its field needs.
struct ScalarMismatch: Error {
  var code = "invalid-value"
  var message: String
  var hint: String?
}

/// The text forms of the manifest's scalars. What they return is nil for anything else.
public enum ScalarText {
  /// An integer of YAML's core schema (decimal, `0x`, `0o`), or `0b`.
  public static func integer(_ text: String) -> Int128? {
    var digits = Substring(text)
    var negative = false
    if let sign = digits.first, sign == "-" || sign == "+" {
      negative = sign == "-"
      digits = digits.dropFirst()
    }
    var radix = 10
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      radix = base
      digits = digits.dropFirst(2)
    }
    // `Int128(_:radix:)` would take another sign.
    guard let first = digits.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+"),
      digits.utf8.count <= 40 || radix == 2, let magnitude = Int128(digits, radix: radix)
    else { return nil }
    return negative ? -magnitude : magnitude
  }

  /// Bytes as pairs of hexadecimal digits; spaces, line breaks and colons between pairs do not count.
  public static func hex(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character - UInt8(ascii: "A") + 10
      case UInt8(ascii: " "), UInt8(ascii: ":"), 9, 10, 13:
        if high != nil { return nil }
        continue
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? bytes : nil
  }

  public static func boolean(_ text: String) -> Bool? {
    switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  /// `4096`, `64KiB`, `1 MiB`, `10GB` in bytes.
  public static func size(_ text: String) -> UInt64? {
    let units: [(String, UInt64)] = [
      ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("KB", 1000),
      ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1),
    ]
    var digits = Substring(text)
    var factor: UInt64 = 1
    for (unit, bytes) in units where digits.hasSuffix(unit) {
      digits = digits.dropLast(unit.count)
      if digits.last == " " { digits = digits.dropLast() }
      factor = bytes
      break
    }
    guard let count = integer(String(digits)), count >= 0, let value = UInt64(exactly: count) else {
      return nil
    }
    let (product, overflow) = value.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }

  /// `500ms`, `30s`, `2m`, `1h`, in parts such as `1h30m`.
  public static func duration(_ text: String) -> Duration? {
    var rest = Substring(text)
    var total: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(unit.count)
      let factors: [Substring: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
      guard let count = Int64(digits), let factor = factors[unit] else { return nil }
      let (part, over) = count.multipliedReportingOverflow(by: factor)
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !over, !overflow else { return nil }
      total = sum
    }
    return .milliseconds(total)
  }

  /// `0640` as permission bits.
  public static func mode(_ text: String) -> UInt16? {
    guard (3...4).contains(text.utf8.count), let mode = UInt16(text, radix: 8), mode <= 0o7777,
      !text.hasPrefix("+"), !text.hasPrefix("-")
    else { return nil }
    return mode
  }

  public static func isName(_ text: some StringProtocol) -> Bool {
    matches(text, first: isNameStart, { isNameStart($0) || isDigit($0) || $0 == 0x2D })
  }

  /// The name of a map or a program in an object: an identifier of C, or a section with dots.
  public static func isObjectName(_ text: some StringProtocol) -> Bool {
    matches(
      text, first: { isNameStart($0) || $0 == 0x2E },
      { isNameStart($0) || isDigit($0) || $0 == 0x2D || $0 == 0x2E })
  }

  /// An interface: at most 15 bytes, without what the kernel refuses.
  public static func isInterface(_ text: String) -> Bool {
    (1...15).contains(text.utf8.count) && text != "." && text != ".."
      && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2F && $0 != 0x3A }
  }

  private static func matches(
    _ text: some StringProtocol, first: (UInt8) -> Bool, _ rest: (UInt8) -> Bool
  ) -> Bool {
    guard let start = text.utf8.first, first(start) else { return false }
    return text.utf8.allSatisfy(rest)
  }

  private static func isNameStart(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
