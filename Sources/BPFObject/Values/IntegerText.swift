/// A whole number as it is written, before it is known how wide its type is.
struct IntegerText {
  var negative: Bool
  var magnitude: UInt64

  enum Refusal: Error {
    case notANumber
    /// A number, but past 64 bits.
    case tooLarge
    /// A number that other readers take differently, and how to write it.
    case ambiguous(hint: String)
  }

  init(negative: Bool, magnitude: UInt64) {
    self.negative = negative
    self.magnitude = magnitude
  }

  /// What most numbers are: up to 19 decimal digits, which always fit. nil for everything else.
  private static func plainDecimal(_ text: String) -> UInt64? {
    let digits = text.utf8.span
    guard (1...19).contains(digits.count), digits.count == 1 || digits[0] != 0x30 else {
      return nil
    }
    var number: UInt64 = 0
    for index in digits.indices {
      guard (0x30...0x39).contains(digits[index]) else { return nil }
      number = number &* 10 &+ UInt64(digits[index] &- 0x30)
    }
    return number
  }

  /// Decimal, `0x`, `0o` or `0b`, with a sign if wanted: the integers of YAML's core schema, and
  /// binary. A leading zero is refused, because C and YAML 1.1 read octal there.
  init(_ text: String) throws(Refusal) {
    if let number = IntegerText.plainDecimal(text) {
      (negative, magnitude) = (false, number)
      return
    }
    var digits = text.utf8[...]
    negative = digits.first == UInt8(ascii: "-")
    if negative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    guard let first = digits.first else { throw .notANumber }
    var radix: UInt64 = 10
    if first == UInt8(ascii: "0"), digits.count > 1 {
      switch digits[digits.index(after: digits.startIndex)] {
      case UInt8(ascii: "x"): radix = 16
      case UInt8(ascii: "o"): radix = 8
      case UInt8(ascii: "b"): radix = 2
      default:
        let rest = digits.drop { $0 == UInt8(ascii: "0") }
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
          throw .notANumber
        }
        let plain = rest.isEmpty ? "0" : String(decoding: rest.prefix(24), as: UTF8.self)
        throw .ambiguous(
          hint: "write \(plain) for decimal or 0o\(plain) for octal, without the leading zero")
      }
      digits = digits.dropFirst(2)
      guard !digits.isEmpty else { throw .notANumber }
    }
    magnitude = 0
    var overflow = false
    for byte in digits {
      guard let digit = hexDigit(byte), UInt64(digit) < radix else {
        if byte == UInt8(ascii: "_") {
          throw .ambiguous(hint: "write the digits without underscores")
        }
        throw .notANumber
      }
      let product = magnitude.multipliedReportingOverflow(by: radix)
      let sum = product.partialValue.addingReportingOverflow(UInt64(digit))
      overflow = overflow || product.overflow || sum.overflow
      magnitude = sum.partialValue
    }
    if overflow { throw .tooLarge }
    if magnitude == 0 { negative = false }
  }

  /// The two's complement bits if the number fits `width` bits, else nil. Negative numbers are
  /// sign-extended to 64 bits.
  func bits(width: Int, signed: Bool) -> UInt64? {
    guard (1...64).contains(width) else { return nil }
    if signed {
      let limit = UInt64(1) << UInt64(width - 1)
      guard negative ? magnitude <= limit : magnitude < limit else { return nil }
      return negative ? 0 &- magnitude : magnitude
    }
    guard !negative else { return nil }
    return width == 64 || magnitude < UInt64(1) << UInt64(width) ? magnitude : nil
  }
}

/// "0 to 255": what fits an integer of `width` bits.
func rangeText(width: Int, signed: Bool) -> String {
  let width = min(max(width, 1), 64)
  if signed {
    let high = UInt64(1) << UInt64(width - 1)
    return "-\(high) to \(high - 1)"
  }
  return "0 to \(UInt64.max >> UInt64(64 - width))"
}
