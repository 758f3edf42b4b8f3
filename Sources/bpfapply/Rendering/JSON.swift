/// A JSON document whose members keep the order that they were written in.
///
/// The views print through this and not through an encoder: the order of members is part of what
/// is promised, and so is every byte.
indirect enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(UInt64)
  case integer(Int64)
  case text(String)
  case list([JSON])
  case object([Member])

  struct Member: Hashable, Sendable {
    var name: String
    var value: JSON
  }

  /// Members that are nil are left out.
  static func members(_ members: KeyValuePairs<String, JSON?>) -> JSON {
    .object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
  }

  static func texts(_ texts: some Sequence<String>) -> JSON { .list(texts.map { .text($0) }) }

  /// One line, without a newline at its end.
  var line: String {
    var out = ""
    append(to: &out, indent: nil)
    return out
  }

  /// Indented by two spaces, with a newline at its end.
  var document: String {
    var out = ""
    append(to: &out, indent: 0)
    return out + "\n"
  }

  private func append(to out: inout String, indent: Int?) {
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .number(let value): out += String(value)
    case .integer(let value): out += String(value)
    case .text(let value): JSON.append(quoted: value, to: &out)
    case .list(let elements):
      JSON.append("[", "]", count: elements.count, to: &out, indent: indent) { index, out, inner in
        elements[index].append(to: &out, indent: inner)
      }
    case .object(let members):
      JSON.append("{", "}", count: members.count, to: &out, indent: indent) { index, out, inner in
        JSON.append(quoted: members[index].name, to: &out)
        out += inner == nil ? ":" : ": "
        members[index].value.append(to: &out, indent: inner)
      }
    }
  }

  private static func append(
    _ open: String, _ close: String, count: Int, to out: inout String, indent: Int?,
    element: (Int, inout String, Int?) -> Void
  ) {
    out += open
    let inner = indent.map { $0 + 2 }
    for index in 0..<count {
      if index > 0 { out += "," }
      if let inner { out += "\n" + String(repeating: " ", count: inner) }
      element(index, &out, inner)
    }
    if count > 0, let indent { out += "\n" + String(repeating: " ", count: indent) }
    out += close
  }

  private static func append(quoted text: String, to out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      default:
        // DEL and the C1 controls are legal in JSON, but a terminal obeys them.
        if scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) {
          let hex = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    out += "\""
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
  init(stringLiteral value: String) { self = .text(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
}
