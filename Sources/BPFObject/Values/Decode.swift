extension Layout {
  /// The value that `bytes` hold, in the canonical form: decimal numbers, names of enumerators,
  /// addresses and prefixes as text, hex for arrays of `u8`.
  ///
  /// Never fails: bytes of another length than `size` give hex. `encode` takes what comes out,
  /// and what that gives decodes to the same value again.
  public func decode(_ bytes: [UInt8]) -> Value {
    bytes.count == size ? read(bytes, at: 0) : .scalar(hexText(bytes), plain: false)
  }

  private func read(_ bytes: [UInt8], at offset: Int) -> Value {
    switch self {
    case .integer(let size, _, let bigEndian):
      let bits = RawBits.load(size: size, bigEndian: bigEndian, from: bytes, at: offset)
      return scalar(bits: bits, width: size * 8)
    case .enumeration(let size, _, _):
      let bits = RawBits.load(size: size, bigEndian: false, from: bytes, at: offset)
      return scalar(bits: bits, width: size * 8)
    case .bool:
      return scalar(
        bits: RawBits.load(size: 1, bigEndian: false, from: bytes, at: offset), width: 8)
    case .ipv4: return text(AddressText.format(ipv4: slice(bytes, offset)))
    case .ipv6: return text(AddressText.format(ipv6: slice(bytes, offset)))
    case .mac: return text(AddressText.format(mac: slice(bytes, offset)))
    case .characters: return Layout.characters(slice(bytes, offset))
    case .bytes, .opaque: return text(hexText(slice(bytes, offset)))
    case .array(let element, let count):
      if case .integer(1, false, _) = element { return text(hexText(slice(bytes, offset))) }
      let size = element.size
      guard size > 0, RawBits.isInside(offset: offset, size: self.size, of: bytes) else {
        return .list([])
      }
      return .list((0..<count).map { element.read(bytes, at: offset + $0 * size) })
    case .record(_, let fields, let union):
      var members: [Value.Member] = []
      Layout.read(fields, union: union, bytes, at: offset, into: &members)
      return .record(members)
    case .prefix(let record):
      let key = slice(bytes, offset)
      let length = RawBits.load(size: 4, bigEndian: false, from: bytes, at: offset)
      guard let address = record.prefixAddress, length <= UInt64(address.size * 8),
        case .scalar(let host, _) = address.decode(Array(key.dropFirst(4)))
      else { return record.read(bytes, at: offset) }
      return text("\(host)/\(length)")
    }
  }

  private static func read(
    _ fields: [Field], union: Bool, _ bytes: [UInt8], at offset: Int,
    into members: inout [Value.Member]
  ) {
    // Of a union's alternatives the one that says most: the first of the largest.
    var shown = fields.filter { $0.anonymous != nil || $0.isWritten }
    if union {
      shown = shown.filter { !Layout.writtenNames(of: [$0]).isEmpty }
      var largest = shown.first
      for field in shown where field.extent > largest?.extent ?? 0 {
        largest = field
      }
      shown = largest.map { [$0] } ?? []
    }
    for field in shown {
      let (place, overflow) = offset.addingReportingOverflow(field.bitOffset / 8)
      if overflow { continue }
      if let (inner, union) = field.anonymous {
        read(inner, union: union, bytes, at: place, into: &members)
      } else if let width = field.bitSize {
        let bits = RawBits.loadBits(
          bitOffset: field.bitOffset, bitSize: width, from: bytes, at: offset)
        let value = field.layout.scalar(bits: bits, width: width)
        members.append(Value.Member(name: field.name, value: value))
      } else {
        members.append(
          Value.Member(name: field.name, value: field.layout.read(bytes, at: place)))
      }
    }
  }

  /// The names that a mapping has to give, all of a union's alternatives included.
  private static func writtenNames(of fields: [Field]) -> [String] {
    fields.flatMap { field -> [String] in
      if let (inner, _) = field.anonymous { return writtenNames(of: inner) }
      return field.isWritten ? [field.name] : []
    }
  }

  /// A number, boolean or enumerator of `width` bits.
  private func scalar(bits: UInt64, width: Int) -> Value {
    let width = min(max(width, 1), 64)
    let mask = UInt64.max >> UInt64(64 - width)
    let signed: Bool
    switch self {
    case .integer(_, let isSigned, _): signed = isSigned
    case .enumeration(_, let isSigned, let constants):
      signed = isSigned
      if let constant = constants.first(where: { $0.value & mask == bits & mask }) {
        return .scalar(constant.name, plain: false)
      }
    case .bool:
      if bits <= 1 { return .scalar(bits == 1 ? "true" : "false", plain: true) }
      signed = false
    default: signed = false
    }
    if signed, width < 64, bits >> UInt64(width - 1) & 1 == 1 {
      return .scalar(String(Int64(bitPattern: bits | ~mask)), plain: true)
    }
    return .scalar(signed ? String(Int64(bitPattern: bits)) : String(bits), plain: true)
  }

  /// Text up to the first NUL if nothing but NULs follows and it is UTF-8, else the bytes.
  private static func characters(_ bytes: [UInt8]) -> Value {
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    if bytes[end...].allSatisfy({ $0 == 0 }),
      let text = String(validating: bytes[..<end], as: UTF8.self)
    {
      return .scalar(text, plain: false)
    }
    return .list(bytes.map { .scalar(String($0), plain: true) })
  }

  private func text(_ text: String) -> Value { .scalar(text, plain: false) }

  private func slice(_ bytes: [UInt8], _ offset: Int) -> [UInt8] {
    let size = size
    guard RawBits.isInside(offset: offset, size: size, of: bytes) else { return [] }
    return Array(bytes[offset..<offset + size])
  }
}
