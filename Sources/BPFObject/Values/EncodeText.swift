/// Types that are written as text: addresses, strings, hex.
extension Layout {
  /// An address for an array whose bytes are in network order: `__u8[4]`, `__u8[6]`, `__u8[16]`
  /// and `__be32[4]`; nil if `text` is none of that length.
  func address(_ text: String, count: Int) -> [UInt8]? {
    switch (self, count) {
    case (.integer(1, false, _), 4): return AddressText.ipv4(text)
    case (.integer(1, false, _), 6): return AddressText.mac(text)
    case (.integer(1, false, _), 16), (.integer(4, false, true), 4): return AddressText.ipv6(text)
    default: return nil
    }
  }

  /// For `.ipv4`, `.ipv6` and `.mac`: the text, or the bytes as a list; IPv4 as a number too
  /// (0x0a000001 is 10.0.0.1), since the C type is an integer.
  func addressBytes(of value: Value) throws(ValueError) -> [UInt8] {
    switch value {
    case .list:
      return try byteList(value, count: size)
    case .scalar(let text, let plain):
      let found: [UInt8]?
      switch self {
      case .ipv4: found = AddressText.ipv4(text)
      case .ipv6: found = AddressText.ipv6(text)
      default: found = AddressText.mac(text)
      }
      if let found { return found }
      if self == .ipv4, plain, let number = try? IntegerText(text),
        let bits = number.bits(width: 32, signed: false)
      {
        return (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt64(24 - 8 * $0)) }
      }
      throw ValueError(
        message: "\(quoted(text)) is not \(addressName)", hint: addressHint(text))
    case .null, .record:
      throw ValueError(message: "expected \(addressName), found \(value.kind)")
    }
  }

  private var addressName: String {
    switch self {
    case .ipv4: "an IPv4 address"
    case .ipv6: "an IPv6 address"
    default: "a MAC address"
    }
  }

  private func addressHint(_ text: String) -> String? {
    if text.utf8.contains(UInt8(ascii: "/")) {
      return "a prefix can stand only in the key of an LPM trie"
    }
    switch self {
    case .ipv4: return "write four decimal numbers, as in 10.0.0.1"
    case .ipv6:
      if text.utf8.contains(UInt8(ascii: "%")) { return "leave out the zone after '%'" }
      return AddressText.ipv4(text) == nil ? nil : "write ::ffff:\(text) for a mapped address"
    default: return "write six pairs of hex digits, as in 02:00:00:00:00:01"
    }
  }

  /// A string of at most `count` bytes of UTF-8 without NUL, or exactly `count` bytes as a list.
  func characterBytes(of value: Value, count: Int) throws(ValueError) -> [UInt8] {
    switch value {
    case .list:
      return try byteList(value, count: count)
    case .scalar(let text, _):
      var bytes = Array(text.utf8)
      guard bytes.count <= count else {
        throw ValueError(
          message: "\(quoted(text)) is \(bytes.count) bytes long, at most \(count) fit")
      }
      guard !bytes.contains(0) else {
        throw ValueError(
          message: "a NUL byte ends the string early",
          hint: "write the \(count) bytes as a list of numbers")
      }
      bytes += [UInt8](repeating: 0, count: count - bytes.count)
      return bytes
    case .null, .record:
      throw ValueError(
        message: "expected a text of at most \(count) bytes, found \(value.kind)")
    }
  }

  /// `count` bytes as hex or as a list of numbers.
  func plainBytes(of value: Value, count: Int) throws(ValueError) -> [UInt8] {
    switch value {
    case .list: return try byteList(value, count: count)
    case .scalar(let text, _): return try hexBytes(text, count: count)
    case .null, .record:
      throw ValueError(message: "expected \(count) bytes in hex, found \(value.kind)")
    }
  }

  /// Pairs of hex digits in the order of memory; spaces may stand between pairs.
  func hexBytes(_ text: String, count: Int) throws(ValueError) -> [UInt8] {
    if text.hasPrefix("0x") {
      throw ValueError(
        message: "\(quoted(text)) is a number; \(count) bytes in hex are expected",
        hint: "write the bytes in the order of memory, without 0x")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(count, text.utf8.count / 2))
    var high: UInt8?
    for byte in text.utf8 {
      if let digit = hexDigit(byte) {
        if let first = high {
          bytes.append(first << 4 | digit)
          high = nil
        } else {
          high = digit
        }
      } else if byte != UInt8(ascii: " ") || high != nil {
        throw ValueError(
          message: "\(quoted(text)) is not \(count) bytes in hex",
          hint: high == nil ? nil : "every byte takes two hex digits")
      }
    }
    guard high == nil else {
      throw ValueError(
        message: "\(quoted(text)) is not \(count) bytes in hex",
        hint: "every byte takes two hex digits")
    }
    guard bytes.count == count else {
      throw ValueError(message: "expected \(count) bytes in hex, found \(bytes.count)")
    }
    return bytes
  }

  private func byteList(_ value: Value, count: Int) throws(ValueError) -> [UInt8] {
    let bytes = Layout.array(.integer(size: 1, signed: false, bigEndian: false), count: count)
    return try bytes.encode(value)
  }
}
