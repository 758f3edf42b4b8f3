// A spec as one text: a line for each field, sorted by name.
//
//     freeze=!false
//     key_size=#4
//     map_flags=[rdonly_prog,mmapable]
//     type=hash
//
// `#` is a number, `!` a truth value, `[` a list, and everything else a text. A backslash takes away
// the meaning of what follows; `\n` is a line's end, `\e` an empty text in a list. The inventory of a
// thousand resources is read before every plan, and a value for each field would take most of that
// time.

extension Spec {
  /// All fields; `Spec(text:)` reads it back.
  public var text: String {
    var bytes: [UInt8] = []
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
      if !bytes.isEmpty { bytes.append(SpecText.newline) }
      SpecText.append(escaped: name, meaning: SpecText.inName, to: &bytes)
      bytes.append(SpecText.equals)
      SpecText.append(value, meaning: SpecText.inValue, to: &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// nil for what is no spec: a line without a name, a number that is none, a name twice.
  public init?(text: String) {
    self.init()
    guard !text.isEmpty else { return }
    var scanner = SpecText(bytes: Array(text.utf8))
    while true {
      guard let name = scanner.token(endingWith: [SpecText.equals]),
        let value = scanner.value(endingWith: [SpecText.newline]),
        fields.updateValue(value, forKey: name) == nil
      else { return nil }
      if scanner.isAtEnd { return }
      guard scanner.passesNewline() else { return nil }
    }
  }
}

private struct SpecText {
  static let newline = UInt8(ascii: "\n")
  static let equals = UInt8(ascii: "=")
  static let comma = UInt8(ascii: ",")
  static let close = UInt8(ascii: "]")
  static let backslash = UInt8(ascii: "\\")
  static let inName = [equals]
  static let inValue: [UInt8] = []
  static let inList = [comma, close]
  /// What a value that is no text starts with.
  static let marks = [UInt8(ascii: "#"), UInt8(ascii: "!"), UInt8(ascii: "[")]

  // MARK: Writing

  /// `meaning`: the bytes that would end the value where it stands.
  static func append(_ value: SpecValue, meaning: [UInt8], to bytes: inout [UInt8]) {
    switch value {
    case .number(let number): bytes += "#\(number)".utf8
    case .bool(let flag): bytes += (flag ? "!true" : "!false").utf8
    case .text(let text):
      if let first = text.utf8.first, marks.contains(first) { bytes.append(backslash) }
      append(escaped: text, meaning: meaning, to: &bytes)
    case .list(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(comma) }
        // Told from no element.
        if value == .text("") { bytes += [backslash, UInt8(ascii: "e")] }
        append(value, meaning: inList, to: &bytes)
      }
      bytes.append(close)
    }
  }

  static func append(escaped text: String, meaning: [UInt8], to bytes: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case newline: bytes += [backslash, UInt8(ascii: "n")]
      case backslash: bytes += [backslash, backslash]
      default:
        if meaning.contains(byte) { bytes.append(backslash) }
        bytes.append(byte)
      }
    }
  }

  // MARK: Reading

  let bytes: [UInt8]
  private var index = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { index == bytes.count }

  mutating func passesNewline() -> Bool {
    defer { index += 1 }
    return bytes[index] == SpecText.newline
  }

  private mutating func skip() { index += 1 }

  /// A text up to one of those bytes. Only a name's end has to be there, and is passed.
  mutating func token(endingWith ends: [UInt8]) -> String? {
    guard let text = plain(endingWith: ends), !isAtEnd else { return nil }
    skip()
    return text
  }

  private mutating func plain(endingWith ends: [UInt8]) -> String? {
    var start = index
    // Bytes before an escape; most texts have none.
    var before: [UInt8]?
    while index < bytes.count, !ends.contains(bytes[index]) {
      if bytes[index] == SpecText.backslash {
        guard index + 1 < bytes.count else { return nil }
        let meant = bytes[index + 1]
        before = (before ?? []) + bytes[start..<index]
        switch meant {
        case UInt8(ascii: "n"): before?.append(SpecText.newline)
        case UInt8(ascii: "e"): break
        default: before?.append(meant)
        }
        index += 2
        start = index
      } else {
        index += 1
      }
    }
    guard let before else { return String(decoding: bytes[start..<index], as: UTF8.self) }
    return String(decoding: before + bytes[start..<index], as: UTF8.self)
  }

  mutating func value(endingWith ends: [UInt8], depth: Int = 0) -> SpecValue? {
    guard index < bytes.count, SpecText.marks.contains(bytes[index]) else {
      return plain(endingWith: ends).map { .text($0) }
    }
    let mark = bytes[index]
    skip()
    if mark == UInt8(ascii: "[") { return list(depth: depth) }
    guard let text = plain(endingWith: ends) else { return nil }
    if mark == UInt8(ascii: "#") { return UInt64(text).map { .number($0) } }
    return Bool(text).map { .bool($0) }
  }

  /// Behind the bracket that opens it.
  private mutating func list(depth: Int) -> SpecValue? {
    guard depth < 8 else { return nil }
    var values: [SpecValue] = []
    while index < bytes.count, bytes[index] != SpecText.close {
      guard let value = value(endingWith: SpecText.inList, depth: depth + 1), !isAtEnd else {
        return nil
      }
      values.append(value)
      if bytes[index] == SpecText.comma { skip() }
    }
    guard !isAtEnd else { return nil }
    skip()
    return .list(values)
  }
}
