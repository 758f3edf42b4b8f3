/// Keys of LPM tries: a prefix length, then bits that are compared from the first byte on.
extension Layout {
  /// `key` as the key of an LPM trie: `.prefix` where it starts with a u32 and goes on, otherwise
  /// `key` itself.
  ///
  /// The trie compares the data byte by byte, so what follows the length is in network order
  /// whatever its C type says: four bytes are taken for an IPv4 address, sixteen for an IPv6
  /// address. A key of plain `bytes` gets the fields `prefixlen` and `addr` (or `data`).
  public static func prefixLayout(key: Layout) -> Layout {
    switch key {
    case .bytes(let count) where count > 4:
      let rest = Layout.bytes(count - 4)
      let address = rest.networkAddress
      let length = Layout.integer(size: 4, signed: false, bigEndian: false)
      return .prefix(
        record: .record(
          size: count,
          fields: [
            Field(name: "prefixlen", bitOffset: 0, layout: length),
            Field(
              name: address == nil ? "data" : "addr", bitOffset: 32, layout: address ?? rest),
          ], union: false))
    case .record(let size, let fields, false) where size > 4:
      guard case .integer(4, false, false)? = key.leaf(at: 0)?.layout else { return key }
      // The length may stand in a header of its own; what else stands there has no size.
      guard let last = fields.lastIndex(where: { !$0.layout.isEmpty }), last > 0,
        fields[last].bitOffset == 32, let address = fields[last].layout.networkAddress
      else { return .prefix(record: key) }
      var fields = fields
      fields[last].layout = address
      return .prefix(record: .record(size: size, fields: fields, union: false))
    default: return key
    }
  }

  /// The layout for the address that the bytes of this type are in the key of an LPM trie.
  private var networkAddress: Layout? {
    switch self {
    case .ipv4, .ipv6: return self
    case .bytes(4), .integer(4, _, _): return .ipv4
    case .bytes(16): return .ipv6
    case .array(.integer(_, _, _), _):
      return size == 4 ? .ipv4 : size == 16 ? .ipv6 : nil
    default: return nil
    }
  }

  /// The field without fields of its own that starts at a byte, the first of a union's.
  private func leaf(at byte: Int) -> (name: String, layout: Layout)? {
    guard case .record(_, let fields, _) = self else { return nil }
    for field in fields
    where field.bitSize == nil && !field.layout.isEmpty && field.bitOffset >= 0 {
      let start = field.bitOffset / 8
      let (end, overflow) = start.addingReportingOverflow(field.layout.size)
      guard !overflow, start <= byte, byte < end else { continue }
      if case .record = field.layout { return field.layout.leaf(at: byte - start) }
      return start == byte ? (field.name, field.layout) : nil
    }
    return nil
  }

  /// The address after the length in a prefix's record, when that is all there is.
  var prefixAddress: Layout? {
    guard case .record(let size, _, false) = self, let (_, layout) = leaf(at: 4),
      layout == .ipv4 || layout == .ipv6, size == 4 + layout.size
    else { return nil }
    return layout
  }

  func writePrefix(
    record: Layout, _ value: Value, into bytes: inout [UInt8], at offset: Int
  ) throws(ValueError) {
    guard record.size > 4, RawBits.isInside(offset: offset, size: record.size, of: bytes) else {
      throw ValueError(message: "the key has no place for a prefix")
    }
    let dataBits = (record.size - 4) * 8
    let address = record.prefixAddress
    if case .scalar(let text, _) = value, let address {
      let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      let host = parts.first.map(String.init) ?? ""
      let data = try address.addressBytes(of: .scalar(host, plain: false))
      guard parts.count == 2 else {
        throw ValueError(
          message: "\(quoted(text)) has no prefix length", hint: "write \(text)/\(dataBits)")
      }
      let length: UInt64
      do {
        length = try IntegerText(String(parts[1])).bits(width: 32, signed: false) ?? .max
      } catch {
        throw ValueError(message: "\(quoted(String(parts[1]))) is not a prefix length")
      }
      guard length <= UInt64(dataBits) else {
        throw ValueError(
          message: "prefix length \(parts[1]) is out of range for \(address) (0 to \(dataBits))")
      }
      try RawBits.store(length, size: 4, bigEndian: false, into: &bytes, at: offset)
      try RawBits.copy(data, into: &bytes, at: offset + 4)
    } else if case .scalar = value {
      throw ValueError(
        message: "expected a mapping, found \(value.kind)",
        hint: "only a key of u32 and one address can be written as a prefix")
    } else {
      try record.write(value, into: &bytes, at: offset)
      let length = RawBits.load(size: 4, bigEndian: false, from: bytes, at: offset)
      guard length <= UInt64(dataBits) else {
        throw ValueError(
          message: "prefix length \(length) is out of range (0 to \(dataBits))")
      }
    }
    let written = Array(bytes[offset..<offset + record.size])
    let canonical = Layout.withoutHostBits(written)
    guard written == canonical else {
      let text = prefixText(written, record: record)
      throw ValueError(
        message: "\(text) has bits set beyond the prefix",
        hint: "write \(prefixText(canonical, record: record))")
    }
  }

  /// One line for a message or for `decode`.
  private func prefixText(_ bytes: [UInt8], record: Layout) -> String {
    Layout.prefix(record: record).decode(bytes).description
  }

  /// A prefix's bytes with zeros after the prefix: the trie does not look at them.
  static func withoutHostBits(_ bytes: [UInt8]) -> [UInt8] {
    let length = RawBits.load(size: 4, bigEndian: false, from: bytes, at: 0)
    guard bytes.count > 4, length < UInt64(bytes.count - 4) * 8 else { return bytes }
    var bytes = bytes
    let keep = Int(length)
    for index in 4 + keep / 8..<bytes.count {
      let partial = index == 4 + keep / 8 && keep % 8 != 0
      bytes[index] &= partial ? ~(0xff >> UInt8(keep % 8)) : 0
    }
    return bytes
  }
}
