/// IPv4, IPv6 and MAC addresses as text; their bytes are always in network order.
public enum AddressText {
  /// Four decimal octets without leading zeros, nothing else; nil if `text` is not that.
  public static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
    var octets: [UInt8] = []
    octets.reserveCapacity(4)
    var octet = 0
    var digits = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        guard digits == 0 || octet != 0 else { return nil }
        octet = octet * 10 + Int(byte - UInt8(ascii: "0"))
        digits += 1
        guard octet <= 255 else { return nil }
      case UInt8(ascii: "."):
        guard digits > 0, octets.count < 3 else { return nil }
        octets.append(UInt8(octet))
        octet = 0
        digits = 0
      default: return nil
      }
    }
    guard digits > 0, octets.count == 3 else { return nil }
    octets.append(UInt8(octet))
    return octets
  }

  /// The text forms of RFC 4291, section 2.2: eight groups, `::` once for one or more groups of
  /// zeros, the last four bytes as IPv4 if wanted. No zone; nil if `text` is not that.
  public static func ipv6(_ text: some StringProtocol) -> [UInt8]? {
    let text = Array(text.utf8.prefix(46))
    guard text.count >= 2, text.count <= 45 else { return nil }
    let colon = UInt8(ascii: ":")
    var bytes: [UInt8] = []
    var gap: Int?
    var at = 0
    if text[0] == colon {
      guard text[1] == colon else { return nil }
      gap = 0
      at = 2
    }
    while at < text.count {
      guard bytes.count < 16 else { return nil }
      var group = 0
      var end = at
      while end < text.count, let digit = hexDigit(text[end]) {
        group = group << 4 | Int(digit)
        end += 1
        guard end - at <= 4 else { return nil }
      }
      if end < text.count, text[end] == UInt8(ascii: ".") {
        guard let tail = ipv4(String(decoding: text[at...], as: UTF8.self)) else { return nil }
        bytes += tail
        guard bytes.count <= 16 else { return nil }
        break
      }
      guard end > at else { return nil }
      bytes.append(UInt8(group >> 8))
      bytes.append(UInt8(group & 0xff))
      if end == text.count { break }
      guard text[end] == colon, end + 1 < text.count else { return nil }
      at = end + 1
      if text[at] == colon {
        guard gap == nil else { return nil }
        gap = bytes.count
        at += 1
      }
    }
    guard let gap else { return bytes.count == 16 ? bytes : nil }
    guard bytes.count <= 14 else { return nil }
    bytes.insert(contentsOf: [UInt8](repeating: 0, count: 16 - bytes.count), at: gap)
    return bytes
  }

  /// Six pairs of hex digits between colons, or between dashes; nil if `text` is not that.
  public static func mac(_ text: some StringProtocol) -> [UInt8]? {
    let text = Array(text.utf8.prefix(18))
    guard text.count == 17 else { return nil }
    let separator = text[2]
    guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "-") else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: 17, by: 3) {
      guard let high = hexDigit(text[at]), let low = hexDigit(text[at + 1]) else { return nil }
      guard at == 15 || text[at + 2] == separator else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  /// `10.0.0.1`.
  public static func format(ipv4 bytes: some Collection<UInt8>) -> String {
    bytes.map { String($0) }.joined(separator: ".")
  }

  /// `02:00:00:00:00:01`.
  public static func format(mac bytes: some Collection<UInt8>) -> String {
    bytes.map { hexText(CollectionOfOne($0)) }.joined(separator: ":")
  }

  /// The canonical form of RFC 5952: lower case, the longest run of zero groups (the first of
  /// equals, two or more) as `::`, IPv4-mapped addresses with the IPv4 address at the end.
  /// Sixteen bytes; others come out as hex.
  public static func format(ipv6 bytes: some Collection<UInt8>) -> String {
    let bytes = Array(bytes)
    guard bytes.count == 16 else { return hexText(bytes) }
    if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
      return "::ffff:" + format(ipv4: bytes[12...])
    }
    let groups = (0..<8).map { Int(bytes[2 * $0]) << 8 | Int(bytes[2 * $0 + 1]) }
    var longest = 0..<0
    var at = 0
    while at < 8 {
      var end = at
      while end < 8, groups[end] == 0 { end += 1 }
      if end - at >= 2, end - at > longest.count { longest = at..<end }
      at = max(end, at + 1)
    }
    func text(_ range: Range<Int>) -> String {
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    if longest.isEmpty { return text(0..<8) }
    return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
  }
}

func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

/// Lower-case hex, two digits a byte, nothing between them.
func hexText(_ bytes: some Collection<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(bytes.count * 2)
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
