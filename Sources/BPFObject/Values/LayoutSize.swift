extension Layout {
  /// The largest type that is read or written, in bytes: 64 MiB, more than any sensible map value.
  public static let maximumSize = 64 << 20

  /// How deep arrays and records may nest.
  static let maximumDepth = 32

  /// In bytes, trailing padding included. A size that does not fit an `Int` is `Int.max`.
  public var size: Int {
    switch self {
    case .integer(let size, _, _), .enumeration(let size, _, _), .record(let size, _, _):
      return size
    case .bool: return 1
    case .ipv4: return 4
    case .ipv6: return 16
    case .mac: return 6
    case .characters(let count), .bytes(let count), .opaque(let count): return count
    case .array(let element, let count):
      let product = element.size.multipliedReportingOverflow(by: count)
      return product.overflow ? Int.max : product.partialValue
    case .prefix(let record): return record.size
    }
  }

  /// In bytes, as a C compiler aligns the same type (`ipv6` as `struct in6_addr`); at least 1.
  public var alignment: Int {
    switch self {
    case .integer(let size, _, _), .enumeration(let size, _, _): return max(size, 1)
    case .ipv4, .ipv6: return 4
    case .bool, .mac, .characters, .bytes, .opaque: return 1
    case .array(let element, _): return element.alignment
    case .record(_, let fields, _): return fields.map(\.layout.alignment).max() ?? 1
    case .prefix(let record): return record.alignment
    }
  }

  /// Takes no place, as an array without elements (`__u8 data[]`).
  var isEmpty: Bool { size == 0 }

  /// Nothing in it is for people to write: opaque members only.
  var isKept: Bool {
    switch self {
    case .opaque: true
    case .array(let element, _): element.isKept
    case .record(_, let fields, _):
      fields.allSatisfy { $0.anonymous == nil ? !$0.isWritten : $0.layout.isKept }
    default: false
    }
  }
}

extension Layout.Field {
  /// An anonymous member that is no structure is padding (`int : 3`).
  var isPadding: Bool {
    guard name.isEmpty else { return false }
    if case .record = layout { return false }
    return true
  }

  /// Whether a person has to give it: padding, flexible arrays and the kernel's own members not.
  var isWritten: Bool { !isPadding && !layout.isEmpty && !layout.isKept }

  /// In bits.
  var extent: Int {
    let (bits, overflow) = layout.size.multipliedReportingOverflow(by: 8)
    return bitSize ?? (overflow ? Int.max : bits)
  }

  /// The fields of an anonymous structure or union, and whether they overlap.
  var anonymous: (fields: [Layout.Field], union: Bool)? {
    guard name.isEmpty, case .record(_, let fields, let union) = layout else { return nil }
    return (fields, union)
  }
}
