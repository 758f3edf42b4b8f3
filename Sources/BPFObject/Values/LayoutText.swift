extension Layout: CustomStringConvertible {
  /// The type in the words of the manifest's TYPE grammar where it has one: `u32`, `char[16]`,
  /// `{src: ipv4, dst: ipv4}`. Deterministic; other types are named in words.
  public var description: String {
    switch self {
    case .integer(let size, let signed, let bigEndian):
      return "\(bigEndian ? "be" : signed ? "s" : "u")\(size * 8)"
    case .bool: return "bool"
    case .enumeration(let size, let signed, _): return "enum of \(signed ? "s" : "u")\(size * 8)"
    case .ipv4: return "ipv4"
    case .ipv6: return "ipv6"
    case .mac: return "mac"
    case .characters(let count): return "char[\(count)]"
    case .bytes(let count): return "bytes[\(count)]"
    case .array(let element, let count): return "\(element)[\(count)]"
    case .prefix(let record): return "prefix \(record)"
    case .opaque(let count): return "opaque[\(count)]"
    case .record(_, let fields, let union):
      let inside = fields.filter { !$0.isPadding }.map { field in
        let bits = field.bitSize.map { ":\($0)" } ?? ""
        return field.name.isEmpty
          ? "\(field.layout)\(bits)" : "\(field.name): \(field.layout)\(bits)"
      }
      return "\(union ? "union " : ""){\(inside.joined(separator: ", "))}"
    }
  }
}

/// A name or a value in a message: in single quotes, control characters escaped, cut when long.
func quoted(_ text: String) -> String {
  var out = "'"
  var count = 0
  for scalar in text.unicodeScalars {
    if count == 60 {
      out += "…"
      break
    }
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0: out += "\\u{\(String(scalar.value, radix: 16))}"
    default: out.unicodeScalars.append(scalar)
    }
    count += 1
  }
  return out + "'"
}
