internal import Crypto

/// SHA-256 over things whose bytes are the same on every host.
enum Digest {
  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    hex(hash: SHA256.hash(data: Array(bytes)))
  }

  static func hex(_ text: String) -> String { hex(text.utf8) }

  static func hex(hash: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(2 * hash.underestimatedCount)
    for byte in hash {
      for digit in [byte >> 4, byte & 15] {
        text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// A hash that says whether a secret is the same one and, with the salt of a single document, nothing
/// else to those who have other documents.
public enum SaltedDigest {
  /// SHA-256 over the salt, a zero byte and the value, in hex.
  public static func hex(_ value: String, salt: String) -> String {
    Digest.hex(Array(salt.utf8) + [0] + Array(value.utf8))
  }
}

extension Spec {
  /// Equal specs and only those append equal bytes: every field with its length, sorted by name.
  func append(to bytes: inout [UInt8]) {
    bytes.append(number: fields.count)
    for name in fields.keys.sorted() {
      bytes.append(text: name)
      fields[name]?.append(to: &bytes)
    }
  }
}

extension SpecValue {
  fileprivate func append(to bytes: inout [UInt8]) {
    switch self {
    case .bool(let value): bytes.append(value ? 1 : 0)
    case .number(let value):
      bytes.append(2)
      bytes.append(number: value)
    case .text(let value):
      bytes.append(3)
      bytes.append(text: value)
    case .list(let values):
      bytes.append(4)
      bytes.append(number: values.count)
      for value in values { value.append(to: &bytes) }
    }
  }
}

extension [UInt8] {
  /// Eight bytes, the lowest first.
  mutating func append(number: some FixedWidthInteger) {
    let wide = UInt64(truncatingIfNeeded: number)
    for shift in 0..<8 { append(UInt8(truncatingIfNeeded: wide >> UInt64(8 * shift))) }
  }

  /// The length before it.
  mutating func append(text: String) {
    append(number: text.utf8.count)
    append(contentsOf: text.utf8)
  }
}

/// The bytes of a number as the kernel stores it in a map: in the host's order.
func hostBytes(_ number: UInt32) -> [UInt8] {
  let isLittle = UInt32(1).littleEndian == 1
  let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
  return isLittle ? bytes : bytes.reversed()
}

/// The number that up to four bytes are in the host's order.
func hostNumber(_ bytes: some BidirectionalCollection<UInt8>) -> UInt32 {
  UInt32(1).littleEndian == 1
    ? bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    : bytes.reduce(0) { $0 << 8 | UInt32($1) }
}
