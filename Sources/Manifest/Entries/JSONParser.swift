internal import BPFObject

/// One JSON text in a range of bytes that are known to be UTF-8. Numbers keep their text.
struct JSONParser {
  struct Failure: Error {
    var message: String
    var offset: Int
  }

  private static let deepest = 64

  private let bytes: [UInt8]
  private let end: Int
  private var index: Int
  private var path: [ValuePathStep] = []
  /// The value whose place is to be found; nil = none.
  var wanted: [ValuePathStep]?
  private(set) var found: Range<Int>?

  init(_ bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    index = range.lowerBound
    end = range.upperBound
  }

  mutating func document() throws(Failure) -> Value {
    let value = try value(depth: 0)
    skipSpace()
    if index < end { throw failure("expected the end of the line, found more") }
    return value
  }

  private var current: UInt8? { index < end ? bytes[index] : nil }

  private func failure(_ message: String, at offset: Int? = nil) -> Failure {
    Failure(message: message, offset: offset ?? index)
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0D { index += 1 }
  }

  private mutating func value(depth: Int) throws(Failure) -> Value {
    skipSpace()
    guard depth < Self.deepest else { throw failure("more than \(Self.deepest) levels") }
    let start = index
    let value: Value
    switch current {
    case UInt8(ascii: "{"): value = try record(depth: depth)
    case UInt8(ascii: "["): value = try list(depth: depth)
    case UInt8(ascii: "\""): value = .scalar(try string(), plain: false)
    case nil: throw failure("expected a value, found the end of the line")
    default: value = try literal()
    }
    if let wanted, wanted == path, found == nil { found = start..<index }
    return value
  }

  private mutating func record(depth: Int) throws(Failure) -> Value {
    var members: [Value.Member] = []
    var names: Set<String> = []
    index += 1
    skipSpace()
    if current == UInt8(ascii: "}") {
      index += 1
      return .record([])
    }
    while true {
      skipSpace()
      let start = index
      guard current == UInt8(ascii: "\"") else { throw failure("expected a name in quotes") }
      let name = try string()
      guard names.insert(name).inserted else {
        throw failure("the name \(Printable.quoted(name)) stands here twice", at: start)
      }
      skipSpace()
      guard current == UInt8(ascii: ":") else { throw failure("expected ':'") }
      index += 1
      path.append(.member(name))
      members.append(.init(name: name, value: try value(depth: depth + 1)))
      path.removeLast()
      if try isLast(UInt8(ascii: "}")) { return .record(members) }
    }
  }

  private mutating func list(depth: Int) throws(Failure) -> Value {
    var elements: [Value] = []
    index += 1
    skipSpace()
    if current == UInt8(ascii: "]") {
      index += 1
      return .list([])
    }
    while true {
      path.append(.index(elements.count))
      elements.append(try value(depth: depth + 1))
      path.removeLast()
      if try isLast(UInt8(ascii: "]")) { return .list(elements) }
    }
  }

  private mutating func isLast(_ closing: UInt8) throws(Failure) -> Bool {
    skipSpace()
    guard let byte = current, byte == closing || byte == UInt8(ascii: ",") else {
      throw failure("expected ',' or '\(Character(Unicode.Scalar(closing)))'")
    }
    index += 1
    return byte == closing
  }

  private mutating func literal() throws(Failure) -> Value {
    let start = index
    while let byte = current, !" \t\r,:{}[]\"".utf8.contains(byte) { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    switch text {
    case "null": return .null
    case "true", "false": return .scalar(text, plain: true)
    default:
      guard let first = text.utf8.first, first == 0x2D || (0x30...0x39).contains(first) else {
        throw failure("expected a value, found \(Printable.quoted(text))", at: start)
      }
      return .scalar(text, plain: true)
    }
  }

  private mutating func string() throws(Failure) -> String {
    let start = index
    index += 1
    var out: [UInt8] = []
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return String(decoding: out, as: UTF8.self)
      case UInt8(ascii: "\\"):
        index += 1
        try escape(into: &out)
      case ..<0x20: throw failure("a control character in a string must be an escape")
      default:
        out.append(byte)
        index += 1
      }
    }
    throw failure("the string is not closed", at: start)
  }

  private mutating func escape(into out: inout [UInt8]) throws(Failure) {
    let plain: [UInt8: UInt8] = [
      0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D,
      0x74: 0x09,
    ]
    guard let byte = current else { throw failure("the string is not closed") }
    index += 1
    if let character = plain[byte] { return out.append(character) }
    guard byte == UInt8(ascii: "u") else { throw failure("unknown escape", at: index - 2) }
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code), current == UInt8(ascii: "\\"), index + 1 < end,
      bytes[index + 1] == UInt8(ascii: "u")
    {
      index += 2
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else {
        throw failure("half of a surrogate pair", at: index - 6)
      }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw failure("half of a surrogate pair", at: index - 6)
    }
    out += Array(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("expected four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      index += 1
    }
    return code
  }
}
