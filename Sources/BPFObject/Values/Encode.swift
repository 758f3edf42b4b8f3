extension Layout {
  /// The bytes of `value`, padding zero; `size` of them.
  ///
  /// Throws the first thing that does not fit, with its path: a number out of range, an unknown,
  /// repeated or missing field, a name that the enumeration does not have, a list of the wrong
  /// length, host bits in a prefix, anything at all for what the kernel keeps to itself.
  public func encode(_ value: Value) throws(ValueError) -> [UInt8] {
    var bytes: [UInt8] = []
    try encode(value, appendingTo: &bytes)
    return bytes
  }

  /// The same at the end of `bytes`, which stay as they are when it throws: a million entries are not
  /// a million arrays.
  public func encode(_ value: Value, appendingTo bytes: inout [UInt8]) throws(ValueError) {
    let size = size
    guard (0...Layout.maximumSize).contains(size) else {
      throw ValueError(
        message: "the type takes \(size) bytes, more than the \(Layout.maximumSize) supported")
    }
    let start = bytes.count
    for _ in 0..<size { bytes.append(0) }
    do throws(ValueError) {
      try write(value, into: &bytes, at: start)
    } catch {
      bytes.removeLast(bytes.count - start)
      throw error
    }
  }

  /// Writes into bytes that are zero so far.
  func write(_ value: Value, into bytes: inout [UInt8], at offset: Int) throws(ValueError) {
    switch self {
    case .integer(let size, _, let bigEndian):
      if bigEndian, size == 4, case .scalar(let text, _) = value,
        let address = AddressText.ipv4(text)
      {
        return try RawBits.copy(address, into: &bytes, at: offset)
      }
      let bits = try rawBits(of: value, width: nil)
      try RawBits.store(bits, size: size, bigEndian: bigEndian, into: &bytes, at: offset)
    case .enumeration(let size, _, _):
      let bits = try rawBits(of: value, width: nil)
      try RawBits.store(bits, size: size, bigEndian: false, into: &bytes, at: offset)
    case .bool:
      let bits = try rawBits(of: value, width: nil)
      try RawBits.store(bits, size: 1, bigEndian: false, into: &bytes, at: offset)
    case .ipv4, .ipv6, .mac:
      try RawBits.copy(try addressBytes(of: value), into: &bytes, at: offset)
    case .characters(let count):
      try RawBits.copy(try characterBytes(of: value, count: count), into: &bytes, at: offset)
    case .bytes(let count):
      try RawBits.copy(try plainBytes(of: value, count: count), into: &bytes, at: offset)
    case .array(let element, let count):
      try writeArray(of: element, count: count, value, into: &bytes, at: offset)
    case .record(_, let fields, let union):
      guard case .record(let members) = value else {
        let names = Layout.listed(Layout.names(of: fields))
        throw ValueError(
          message: "expected a mapping, found \(value.kind)",
          hint: names.isEmpty ? nil : "its fields are \(names)")
      }
      var writer = RecordWriter(members: members, fields: fields, union: union)
      try writer.write(into: &bytes, at: offset)
    case .prefix(let record):
      try writePrefix(record: record, value, into: &bytes, at: offset)
    case .opaque:
      throw ValueError(message: "the kernel keeps this to itself; it cannot be written")
    }
  }

  /// The bits of a number, boolean or enumerator; `width` for bitfields, nil for the type's own.
  func rawBits(of value: Value, width: Int?) throws(ValueError) -> UInt64 {
    switch self {
    case .integer(let size, let signed, _):
      return try integerBits(of: value, size: size, signed: signed, width: width)
    case .enumeration(let size, let signed, let constants):
      if case .scalar(let text, _) = value {
        if let constant = constants.first(where: { $0.name == text }) {
          guard width.map({ constant.fits($0, signed: signed) }) ?? true else {
            throw ValueError(
              message: "\(quoted(text)) does not fit a \(width ?? 0)-bit field")
          }
          return constant.value
        }
        if (try? IntegerText(text)) == nil {
          let near = didYouMean(text, among: constants.map(\.name))
          let known = Layout.listed(constants.map(\.name))
          throw ValueError(
            message: "\(quoted(text)) is not a constant of the enumeration",
            hint: near ?? (known.isEmpty ? nil : "its constants are \(known)"))
        }
      }
      return try integerBits(of: value, size: size, signed: signed, width: width)
    case .bool:
      if case .scalar(let text, true) = value {
        switch text {
        case "true", "True", "TRUE", "1": return 1
        case "false", "False", "FALSE", "0": return 0
        default: break
        }
      }
      throw ValueError(message: "expected true or false, found \(value.kind)")
    default:
      throw ValueError(message: "a bitfield of type \(self) is not supported")
    }
  }

  private func integerBits(
    of value: Value, size: Int, signed: Bool, width: Int?
  ) throws(ValueError) -> UInt64 {
    // Wording like "u8" for whole integers, "a 3-bit field" for bitfields.
    var name: String { width.map { "a \($0)-bit field" } ?? description }
    guard case .scalar(let text, let plain) = value else {
      throw ValueError(message: "expected a number (\(name)), found \(value.kind)")
    }
    let bits = width ?? size * 8
    let number: IntegerText
    do {
      number = try IntegerText(text)
    } catch {
      throw ValueError(error, text: text, name: name, width: bits, signed: signed)
    }
    guard plain else {
      throw ValueError(
        message: "expected a number (\(name)), found the text \(quoted(text))",
        hint: "write \(text.prefix(40)) without quotes")
    }
    guard let raw = number.bits(width: bits, signed: signed) else {
      throw ValueError(.tooLarge, text: text, name: name, width: bits, signed: signed)
    }
    return raw
  }

  private func writeArray(
    of element: Layout, count: Int, _ value: Value, into bytes: inout [UInt8], at offset: Int
  ) throws(ValueError) {
    if case .scalar(let text, _) = value {
      if let address = element.address(text, count: count) {
        return try RawBits.copy(address, into: &bytes, at: offset)
      }
      if case .integer(1, false, _) = element {
        return try RawBits.copy(try hexBytes(text, count: count), into: &bytes, at: offset)
      }
    }
    guard case .list(let elements) = value else {
      throw ValueError(
        message: "expected a list of \(count) (\(element)), found \(value.kind)")
    }
    guard elements.count == count else {
      throw ValueError(message: "expected \(count) elements, found \(elements.count)")
    }
    let size = element.size
    for (index, each) in elements.enumerated() {
      do {
        // The whole array fits its bytes, so that index * size cannot overflow.
        try element.write(each, into: &bytes, at: offset + index * size)
      } catch {
        throw error.inside(.index(index))
      }
    }
  }

  /// Names in quotes for a hint, the first dozen.
  static func listed(_ names: [String]) -> String {
    let shown = names.prefix(12).map(quoted).joined(separator: ", ")
    return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
  }
}

extension Layout.Constant {
  func fits(_ width: Int, signed: Bool) -> Bool {
    let negative = signed && value >> 63 == 1
    let number = IntegerText(negative: negative, magnitude: negative ? 0 &- value : value)
    return number.bits(width: width, signed: signed) != nil
  }
}

extension ValueError {
  /// The same, seen from the value that holds the one it was found in.
  public func inside(_ step: ValuePathStep) -> ValueError {
    var outer = self
    outer.path.insert(step, at: 0)
    return outer
  }

  init(_ refusal: IntegerText.Refusal, text: String, name: String, width: Int, signed: Bool) {
    switch refusal {
    case .notANumber:
      self.init(message: "\(quoted(text)) is not a number (\(name))")
    case .tooLarge:
      self.init(
        message: "\(text.prefix(40)) is out of range for \(name)"
          + " (\(rangeText(width: width, signed: signed)))")
    case .ambiguous(let hint):
      self.init(message: "\(quoted(text)) is not a number (\(name))", hint: hint)
    }
  }
}
