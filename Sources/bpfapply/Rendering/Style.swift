/// How text is made up for people: with colour on a terminal, plain elsewhere.
struct Style: Sendable {
  enum Colour: String, Sendable {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
    case bold = "1"
    case faint = "2"
  }

  var colour: Bool

  static let plain = Style(colour: false)

  func callAsFunction(_ text: String, _ colour: Colour) -> String {
    self.colour && !text.isEmpty ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// Text as a terminal may be given it: control and direction characters, which would move the
/// cursor or show another order than the one that is read, become visible escapes.
func visible(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isInvisible) else { return text }
  var out = ""
  for scalar in text.unicodeScalars {
    if isInvisible(scalar) {
      out += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      out.unicodeScalars.append(scalar)
    }
  }
  return out
}

private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.value >= 0x20, scalar.value < 0x7f { return false }
  return switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: true
  default: false
  }
}

/// `1 entry`, `2 entries`.
func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(count) \(count == 1 ? one : many ?? one + "s")"
}

/// Pads to `width` characters.
func padded(_ text: String, to width: Int) -> String {
  let missing = width - text.count
  return missing > 0 ? text + String(repeating: " ", count: missing) : text
}
