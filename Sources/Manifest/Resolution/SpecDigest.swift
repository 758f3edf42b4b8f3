internal import BPFObject
internal import Crypto

/// SHA-256 over a sequence of fields, each with its length before it, so that no two sequences give
/// the same bytes.
struct SpecDigest {
  private var hash = SHA256()

  mutating func add(_ number: some FixedWidthInteger) {
    let wide = UInt64(truncatingIfNeeded: number)
    hash.update(data: (0..<8).map { UInt8(truncatingIfNeeded: wide >> ($0 * 8)) })
  }

  mutating func add(_ bytes: [UInt8]) {
    add(bytes.count)
    hash.update(data: bytes)
  }

  mutating func add(_ text: String) { add(Array(text.utf8)) }

  /// nil differs from every text.
  mutating func add(_ text: String?) {
    add(text == nil ? 0 : 1)
    if let text { add(text) }
  }

  var hex: String { Self.hex(hash.finalize()) }

  static func hex(of bytes: [UInt8]) -> String { hex(SHA256.hash(data: bytes)) }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }
}
