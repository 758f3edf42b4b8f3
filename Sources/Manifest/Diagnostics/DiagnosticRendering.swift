internal import Planning

extension Diagnostic {
  /// The diagnostic as text for people: code, message, place, the source line with a caret under
  /// what is meant, related places and hints; every line ends with a newline.
  ///
  /// `source` gives the text of a file, or nil when it is not at hand; then the line is left out.
  public func render(source: (String) -> SourceText?) -> String {
    var places: [(heading: String?, location: SourceLocation)] = []
    if let location { places.append((nil, location)) }
    places += related.map { (Printable.text($0.message), $0.location) }
    let width = places.map { String($0.location.line).count }.max() ?? 0
    let margin = String(repeating: " ", count: width)

    var out = "\(severity.rawValue)[\(code)]: \(Printable.text(message))\n"
    for place in places {
      if let heading = place.heading { out += "\(margin) = note: \(heading)\n" }
      out += "\(margin)--> \(Printable.text(place.location.description))\n"
      guard let line = source(place.location.file)?.line(place.location.line) else { continue }
      let excerpt = Excerpt(
        line: line, column: place.location.column, length: place.location.length)
      let number = String(place.location.line)
      let pad = String(repeating: " ", count: width - number.count)
      out += "\(margin) |\n"
      out += excerpt.text.isEmpty ? "\(pad)\(number) |\n" : "\(pad)\(number) | \(excerpt.text)\n"
      out += "\(margin) | \(excerpt.marker)\n"
    }
    for hint in hints { out += "\(margin) = hint: \(Printable.text(hint))\n" }
    return out
  }
}

/// A source line cut to what fits a terminal, and the carets under it.
private struct Excerpt {
  static let widest = 120

  var text = ""
  var marker = ""

  init(line: ArraySlice<UInt8>, column: Int, length: Int) {
    // Only the neighbourhood of the column is decoded: a line may be the whole file of 10 MB.
    let scalars = Excerpt.scalars(of: line, around: max(column - 1, 0))
    let target = max(column - 1, 0) - scalars.offset
    if scalars.offset > 0 {
      text += "… "
      marker += "  "
    }
    var carets = 0
    for (index, scalar) in scalars.content.enumerated() {
      let shown = Printable.scalar(scalar)
      text += shown
      let columns = shown.unicodeScalars.reduce(0) { $0 + Printable.columns(of: $1) }
      if index < target {
        marker += String(repeating: " ", count: columns)
      } else if index < target + max(length, 1) {
        carets += columns
      }
    }
    if scalars.truncated { text += " …" }
    marker += String(repeating: "^", count: max(carets, 1))
  }

  static func scalars(
    of line: ArraySlice<UInt8>, around target: Int
  ) -> (content: [Unicode.Scalar], offset: Int, truncated: Bool) {
    let from = target > widest * 2 / 3 ? target - widest / 3 : 0
    var content: [Unicode.Scalar] = []
    var index = line.startIndex
    var position = 0
    while index < line.endIndex, content.count < widest {
      var next = index + 1
      while next < line.endIndex, line[next] & 0xC0 == 0x80 { next += 1 }
      if position >= from {
        let decoded = String(decoding: line[index..<next], as: UTF8.self)
        content.append(decoded.unicodeScalars.first ?? "\u{FFFD}")
      }
      position += 1
      index = next
    }
    return (content, from, index < line.endIndex)
  }
}

/// Text that a terminal shows as it is: no control characters, bounded length.
enum Printable {
  static func text(_ text: String) -> String {
    text.unicodeScalars.map { $0 == "\n" ? "\n" : scalar($0) }.joined()
  }

  static func scalar(_ scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .control: scalar == "\t" ? "  " : "\u{FFFD}"
    // Bidirectional and zero-width marks would show a line other than the one that is read.
    case .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
    default: String(Character(scalar))
    }
  }

  /// Cells of a terminal.
  static func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// What was found, in quotes and cut to what a message can hold.
  static func quoted(_ text: String) -> String { "'\(cut(text))'" }

  static func cut(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > 60 else { return text }
    var cut = String.UnicodeScalarView()
    cut.append(contentsOf: scalars.prefix(57))
    return "\(String(cut))…"
  }
}
