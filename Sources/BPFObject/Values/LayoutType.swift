/// The manifest's TYPE grammar.
extension Layout {
  /// Reads `u8 … u64`, `s8 … s64`, `be16 be32 be64`, `bool`, `ipv4`, `ipv6`, `mac`, `char[N]`,
  /// `bytes[N]`, `T[N]` (the last count is the outermost: `u8[2][3]` is three times `u8[2]`) and
  /// `{field: TYPE}`, laid out as a C compiler lays out the same structure.
  ///
  /// A bare `bytes` takes its length from `size`, the bytes of the key or value if another source
  /// says so already; with `size`, any other type must take exactly that many.
  public init(type: Value, size: Int? = nil) throws(ValueError) {
    if let size, case .scalar("bytes", _) = type {
      guard (1...Layout.maximumSize).contains(size) else {
        throw ValueError(message: "\(size) bytes are not supported")
      }
      self = .bytes(size)
      return
    }
    self = try Layout.parse(type, depth: 0)
    if let size, self.size != size {
      throw ValueError(message: "the type takes \(self.size) bytes, but \(size) are expected")
    }
  }

  static let typeNames = [
    "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "be16", "be32", "be64", "bool", "ipv4",
    "ipv6", "mac", "char", "bytes",
  ]

  private static func parse(_ type: Value, depth: Int) throws(ValueError) -> Layout {
    guard depth < maximumDepth else {
      throw ValueError(message: "types nest more than \(maximumDepth) deep")
    }
    switch type {
    case .scalar(let text, _): return try parse(text)
    case .record(let members): return try record(of: members, depth: depth)
    case .null, .list:
      throw ValueError(
        message: "expected a type, found \(type.kind)",
        hint: "write a name such as u32, or a mapping {field: TYPE}")
    }
  }

  private static func parse(_ text: String) throws(ValueError) -> Layout {
    let name = String(text.prefix { $0 != "[" })
    var counts = try counts(text[text.index(text.startIndex, offsetBy: name.count)...], of: text)
    var layout: Layout
    switch name {
    case "char", "bytes":
      guard let count = counts.first else {
        throw ValueError(
          message: "\(quoted(text)) needs a length", hint: "write \(name)[16], for example")
      }
      counts.removeFirst()
      layout = name == "char" ? .characters(count) : .bytes(count)
    default:
      guard let scalar = scalar(named: name) else {
        throw ValueError(
          message: "unknown type \(quoted(name))",
          hint: alias(name) ?? didYouMean(name, among: typeNames)
            ?? "the types are \(typeNames.joined(separator: ", ")), arrays T[N] and {field: TYPE}")
      }
      layout = scalar
    }
    for count in counts { layout = .array(layout, count: count) }
    guard layout.size <= maximumSize else {
      throw ValueError(
        message: "\(quoted(text)) takes more than the \(maximumSize) bytes supported")
    }
    return layout
  }

  /// The lengths of `[2][3]`.
  private static func counts(_ suffix: Substring, of text: String) throws(ValueError) -> [Int] {
    var counts: [Int] = []
    var rest = suffix
    while !rest.isEmpty {
      guard rest.first == "[", let end = rest.firstIndex(of: "]") else {
        throw ValueError(
          message: "\(quoted(text)) is not a type", hint: "an array is written as TYPE[COUNT]")
      }
      let number = String(rest[rest.index(after: rest.startIndex)..<end])
      guard counts.count < maximumDepth else {
        throw ValueError(message: "types nest more than \(maximumDepth) deep")
      }
      guard let value = try? IntegerText(number), !value.negative, value.magnitude > 0 else {
        throw ValueError(
          message: "\(quoted(number)) is not a count",
          hint: "a count is a whole number from 1 on")
      }
      guard value.magnitude <= UInt64(maximumSize) else {
        throw ValueError(
          message: "\(quoted(text)) takes more than the \(maximumSize) bytes supported")
      }
      counts.append(Int(value.magnitude))
      rest = rest[rest.index(after: end)...]
    }
    return counts
  }

  private static func scalar(named name: String) -> Layout? {
    switch name {
    case "u8": .integer(size: 1, signed: false, bigEndian: false)
    case "u16": .integer(size: 2, signed: false, bigEndian: false)
    case "u32": .integer(size: 4, signed: false, bigEndian: false)
    case "u64": .integer(size: 8, signed: false, bigEndian: false)
    case "s8": .integer(size: 1, signed: true, bigEndian: false)
    case "s16": .integer(size: 2, signed: true, bigEndian: false)
    case "s32": .integer(size: 4, signed: true, bigEndian: false)
    case "s64": .integer(size: 8, signed: true, bigEndian: false)
    case "be16": .integer(size: 2, signed: false, bigEndian: true)
    case "be32": .integer(size: 4, signed: false, bigEndian: true)
    case "be64": .integer(size: 8, signed: false, bigEndian: true)
    case "bool": .bool
    case "ipv4": .ipv4
    case "ipv6": .ipv6
    case "mac": .mac
    default: nil
    }
  }

  /// What people of C, Rust and Go write for the same types.
  private static func alias(_ name: String) -> String? {
    let own: String
    switch name {
    case "__u8", "uint8", "uint8_t", "byte": own = "u8"
    case "__u16", "uint16", "uint16_t": own = "u16"
    case "__u32", "uint32", "uint32_t", "uint", "unsigned int": own = "u32"
    case "__u64", "uint64", "uint64_t": own = "u64"
    case "__s8", "int8", "int8_t", "i8": own = "s8"
    case "__s16", "int16", "int16_t", "i16", "short": own = "s16"
    case "__s32", "int32", "int32_t", "i32", "int": own = "s32"
    case "__s64", "int64", "int64_t", "i64", "long": own = "s64"
    case "__be16": own = "be16"
    case "__be32": own = "be32"
    case "__be64": own = "be64"
    case "_Bool", "boolean": own = "bool"
    case "string", "str": own = "char[N]"
    default: return nil
    }
    return "did you mean '\(own)'?"
  }

  private static func record(
    of members: [Value.Member], depth: Int
  ) throws(ValueError) -> Layout {
    guard !members.isEmpty else { throw ValueError(message: "a structure needs a field") }
    var fields: [Field] = []
    var names: Set<String> = []
    var end = 0
    var alignment = 1
    for member in members {
      do throws(ValueError) {
        guard isFieldName(member.name) else {
          throw ValueError(
            message: "\(quoted(member.name)) is not a field name",
            hint: "letters, digits and underscores, not a digit first")
        }
        guard names.insert(member.name).inserted else {
          throw ValueError(message: "field \(quoted(member.name)) is given more than once")
        }
        let layout = try parse(member.value, depth: depth + 1)
        end = roundedUp(end, to: layout.alignment)
        fields.append(Field(name: member.name, bitOffset: end * 8, layout: layout))
        // Both are at most `maximumSize`.
        end += layout.size
        alignment = max(alignment, layout.alignment)
        guard end <= maximumSize else {
          throw ValueError(
            message: "the structure takes more than the \(maximumSize) bytes supported")
        }
      } catch {
        throw error.inside(.member(member.name))
      }
    }
    return .record(size: roundedUp(end, to: alignment), fields: fields, union: false)
  }

  private static func roundedUp(_ offset: Int, to alignment: Int) -> Int {
    (offset + alignment - 1) / alignment * alignment
  }

  private static func isFieldName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}
