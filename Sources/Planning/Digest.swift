internal import Crypto

/// SHA-256 over things whose bytes are the same on every host.
enum Digest {
  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    hex(hash: SHA256.hash(data: Array(bytes)))
  }

  static func hex(_ text: String) -> String { hex(text.utf8) }

  static func hex(hash: some Sequence<UInt8>) -> String {
    hash.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }
}

extension Spec {
  /// One line per field, sorted, so that equal specs and only those have equal text.
  var canonicalText: String {
    fields.keys.sorted().map { "\($0.debugDescription)=\(fields[$0].map(\.canonicalText) ?? "")\n" }
      .joined()
  }
}

extension SpecValue {
  fileprivate var canonicalText: String {
    switch self {
    case .bool(let value): "b\(value)"
    case .number(let value): "n\(value)"
    case .text(let value): "t\(value.debugDescription)"
    case .list(let values): "[\(values.map(\.canonicalText).joined(separator: ","))]"
    }
  }
}

/// The bytes of a number as the kernel stores it in a map: in the host's order.
func hostBytes(_ number: UInt32) -> [UInt8] {
  let isLittle = UInt32(1).littleEndian == 1
  let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
  return isLittle ? bytes : bytes.reversed()
}
