extension Value: CustomStringConvertible {
  /// One line of YAML flow style, for plans: `{src: 10.0.0.1, packets: 7}`. Text that YAML would
  /// read as something else is quoted.
  public var description: String { text() }

  /// The same, cut after about `limit` characters with an ellipsis, so that a value of megabytes
  /// costs no more to show than a small one.
  public func text(limit: Int = .max) -> String {
    var out = ""
    append(to: &out, limit: limit)
    if out.utf8.count > limit { return String(out.prefix(max(0, limit - 1))) + "…" }
    return out
  }

  /// Compact JSON: plain decimal numbers, booleans and null as such, all else as strings.
  public var json: String {
    var out = ""
    appendJSON(to: &out)
    return out
  }

  /// What a message calls it: "a list", "'text'".
  var kind: String {
    switch self {
    case .null: "nothing"
    case .scalar(let text, _): text.isEmpty ? "an empty text" : quoted(text)
    case .list: "a list"
    case .record: "a mapping"
    }
  }

  private func append(to out: inout String, limit: Int) {
    if out.utf8.count > limit { return }
    switch self {
    case .null: out += "null"
    case .scalar(let text, let plain):
      out += isPlainText(text) || plain && isPlainScalar(text) ? text : jsonString(text)
    case .list(let elements):
      out += "["
      for (index, element) in elements.enumerated() {
        if out.utf8.count > limit { return }
        if index > 0 { out += ", " }
        element.append(to: &out, limit: limit)
      }
      out += "]"
    case .record(let members):
      out += "{"
      for (index, member) in members.enumerated() {
        if out.utf8.count > limit { return }
        if index > 0 { out += ", " }
        out += isPlainText(member.name) ? member.name : jsonString(member.name)
        out += ": "
        member.value.append(to: &out, limit: limit)
      }
      out += "}"
    }
  }

  private func appendJSON(to out: inout String) {
    switch self {
    case .null: out += "null"
    case .scalar(let text, let plain): out += plain && isJSONScalar(text) ? text : jsonString(text)
    case .list(let elements):
      out += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { out += "," }
        element.appendJSON(to: &out)
      }
      out += "]"
    case .record(let members):
      out += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { out += "," }
        out += jsonString(member.name) + ":"
        member.value.appendJSON(to: &out)
      }
      out += "}"
    }
  }
}

/// Whether YAML reads `text` without quotes as that very text, in a flow mapping too.
private func isPlainText(_ text: String) -> Bool {
  guard let first = text.utf8.first, let last = text.utf8.last else { return false }
  let colon = UInt8(ascii: ":")
  let safe = text.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "/"), UInt8(ascii: "-"), colon:
      true
    default: false
    }
  }
  guard safe, first != colon, last != colon, first != UInt8(ascii: "-") else { return false }
  switch text.lowercased() {
  case "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf": return false
  default: return !looksLikeNumber(text)
  }
}

/// What may stand without quotes if it is meant as YAML reads it: numbers, booleans, null.
private func isPlainScalar(_ text: String) -> Bool {
  text == "true" || text == "false" || text == "null" || looksLikeNumber(text)
}

/// Decimal integers and floats, and what has a base prefix.
private func looksLikeNumber(_ text: String) -> Bool {
  let bytes = Array(text.utf8)
  if bytes.count > 2, bytes[0] == UInt8(ascii: "0"),
    [UInt8(ascii: "x"), UInt8(ascii: "o"), UInt8(ascii: "b")].contains(bytes[1])
  {
    return bytes[2...].allSatisfy { hexDigit($0) != nil }
  }
  return !bytes.isEmpty
    && bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "e"), UInt8(ascii: "E"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    } && bytes.count(where: { $0 == UInt8(ascii: ".") }) <= 1
}

/// A JSON integer, boolean or null. What else is plain in YAML (`0x0a`) is text in JSON.
private func isJSONScalar(_ text: String) -> Bool {
  if text == "true" || text == "false" || text == "null" { return true }
  var digits = text.utf8[...]
  if digits.first == UInt8(ascii: "-") { digits.removeFirst() }
  guard let first = digits.first else { return false }
  return digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    && (first != UInt8(ascii: "0") || digits.count == 1)
}

private func jsonString(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\t": out += "\\t"
    case "\r": out += "\\r"
    default:
      if scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) {
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
  }
  return out + "\""
}
