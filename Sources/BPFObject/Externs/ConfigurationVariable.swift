/// A `__kconfig` variable: what the running kernel was built with, or what it can do.
public struct ConfigurationVariable: Hashable, Sendable {
  /// What the variable can hold.
  public enum Form: Hashable, Sendable {
    case boolean
    /// `enum libbpf_tristate`: 0 no, 1 yes, 2 module.
    case tristate
    case character(signed: Bool)
    /// Bytes and signedness.
    case integer(signed: Bool)
    /// A text in an array of `char`.
    case text
  }

  /// `CONFIG_HZ`, `LINUX_KERNEL_VERSION`.
  public var name: String
  /// Bytes from the start of the map's value.
  public var offset: Int
  public var size: Int
  public var form: Form
  /// Zero when the kernel does not say.
  public var isWeak: Bool
}

extension ConfigurationVariable {
  /// The bytes for what stands behind `=` in the kernel's configuration: `y`, `250`, `"text"`, in
  /// the host's byte order. Throws when the variable cannot hold it.
  public func bytes(of setting: String) throws(ObjectError) -> [UInt8] {
    func failure(_ message: String) -> ObjectError {
      ObjectError(section: ".kconfig", message: "\(name)=\(setting) \(message)")
    }
    switch setting.utf8.first {
    case UInt8(ascii: "y"), UInt8(ascii: "n"), UInt8(ascii: "m"):
      let letter = setting.utf8.first ?? 0
      switch form {
      case .boolean where letter != UInt8(ascii: "m"):
        return try number(letter == UInt8(ascii: "y") ? 1 : 0)
      case .tristate:
        return try number(
          letter == UInt8(ascii: "y") ? 1 : letter == UInt8(ascii: "m") ? 2 : 0)
      case .character: return try number(UInt64(letter))
      default: throw failure("does not fit the variable's type")
      }
    case UInt8(ascii: "\""):
      guard form == .text else { throw failure("needs a variable that is an array of char") }
      guard setting.utf8.count > 1, setting.utf8.last == UInt8(ascii: "\"") else {
        throw failure("has no closing quote")
      }
      let text = setting.utf8.dropFirst().dropLast().prefix(max(0, size - 1))
      return Array(text) + [UInt8](repeating: 0, count: max(0, size - text.count))
    default:
      guard let value = ConfigurationVariable.integer(setting) else {
        throw failure("is neither y, m, n, a text nor a number")
      }
      switch form {
      case .integer, .character: return try number(value)
      default: throw failure("needs a variable that is an integer")
      }
    }
  }

  /// The bytes of a number, in the host's byte order. Throws when it is out of range.
  public func number(_ value: UInt64) throws(ObjectError) -> [UInt8] {
    let bits = size * 8
    let fits: Bool
    switch form {
    case .boolean: fits = value <= 1
    case .integer(signed: true) where bits < 64, .character(signed: true) where bits < 64:
      let wide = Int64(bitPattern: value)
      fits = wide >= -(1 << (bits - 1)) && wide < 1 << (bits - 1)
    case .text: fits = false
    default: fits = bits >= 64 || value < 1 << UInt64(bits)
    }
    guard fits, (1...8).contains(size) else {
      throw ObjectError(
        section: ".kconfig", message: "\(name): \(value) does not fit in \(size) bytes")
    }
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    #if _endian(little)
      return bytes
    #else
      return bytes.reversed()
    #endif
  }

  /// Decimal, octal or hexadecimal as in C; negative numbers in two's complement.
  private static func integer(_ text: String) -> UInt64? {
    var digits = text[...]
    let isNegative = digits.hasPrefix("-")
    if isNegative { digits = digits.dropFirst() }
    let value: UInt64?
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      value = UInt64(digits.dropFirst(2), radix: 16)
    } else if digits.hasPrefix("0"), digits.utf8.count > 1 {
      value = UInt64(digits.dropFirst(), radix: 8)
    } else {
      value = UInt64(digits, radix: 10)
    }
    return value.map { isNegative ? 0 &- $0 : $0 }
  }
}

extension ObjectReader {
  /// The map of the `.kconfig` variables, laid out as `BTFFixup` wrote them; nil without any.
  mutating func configurationMap() throws(ObjectError) -> MapSpec? {
    let name = ObjectFile.configurationMap
    guard let btf, let section = dataSections[name] else { return nil }
    let weak = try weakSymbols()
    var variables: [ConfigurationVariable] = []
    var end = 0
    for entry in btf.variables(of: section) {
      let variable = try names.spend(btf.name(of: entry.type), section: name)
      guard let head = btf.head(entry.type), head.kind == .variable,
        let size = btf.size(of: entry.type), let form = form(of: head.sizeOrType)
      else {
        throw ObjectError(
          section: name, message: "the variable \"\(variable)\" has a type that is not supported",
          hint: "bool, enum libbpf_tristate, char, integers and arrays of char are")
      }
      end = max(end, Int(entry.offset) + size)
      guard end <= 1 << 20 else {
        throw ObjectError(section: name, message: "more than a megabyte of configuration")
      }
      variables.append(
        ConfigurationVariable(
          name: variable, offset: Int(entry.offset), size: size, form: form,
          isWeak: weak.contains(variable)))
    }
    guard end > 0 else { return nil }
    var map = dataMap(name, .kconfig, [UInt8](repeating: 0, count: end))
    map.data?.configuration = variables.sorted { $0.offset < $1.offset }
    return map
  }

  private func form(of id: UInt32) -> ConfigurationVariable.Form? {
    guard let btf, let head = btf.skipModifiers(id) else { return nil }
    switch head.kind {
    case .int:
      guard let integer = btf.integer(head.id), [1, 2, 4, 8].contains(integer.size) else {
        return nil
      }
      if integer.isBoolean { return integer.size == 1 ? .boolean : nil }
      return integer.size == 1
        ? .character(signed: integer.isSigned) : .integer(signed: integer.isSigned)
    case .enumeration:
      return head.sizeOrType == 4 && btf.name(of: head.id) == "libbpf_tristate" ? .tristate : nil
    case .array:
      guard let shape = btf.array(head.id), shape.count > 0 else { return nil }
      guard let element = btf.skipModifiers(shape.element), btf.integer(element.id)?.size == 1,
        btf.integer(element.id)?.isBoolean == false
      else { return nil }
      return .text
    default: return nil
    }
  }

  /// Undefined symbols that may stay so.
  mutating func weakSymbols() throws(ObjectError) -> Set<String> {
    var weak: Set<String> = []
    for symbol in elf.symbols where symbol.isUndefined && symbol.isWeak {
      weak.insert(try names.spend(elf.name(of: symbol), section: ".symtab"))
    }
    return weak
  }
}
