/// How a program finds an argument of a static probe in the registers of the moment.
public struct ProbeArgument: Hashable, Sendable {
  public enum Location: Hashable, Sendable {
    case constant(Int64)
    /// Bytes from the start of the kernel's `pt_regs`.
    case register(Int16)
    /// The memory at a register's value and so many bytes.
    case memory(Int16, offset: Int64)
    /// The memory at a register's value, another one's times a power of two, and so many bytes.
    case indexed(Int16, index: Int16, shift: UInt8, offset: Int64)
  }
  public var location: Location
  /// 1, 2, 4 or 8.
  public var size: Int
  public var isSigned: Bool

  /// libbpf's programs have room for so many.
  public static let limit = 12

  /// The arguments of a note, in order: `-4@%edi 8@-16(%rbp)`. `machine` is the file's `e_machine`.
  public static func all(
    in text: String, machine: UInt16
  ) throws(ObjectError) -> [ProbeArgument] {
    guard !text.isEmpty else { return [] }
    guard machine == 62 || machine == 183 else {
      throw ObjectError(
        section: ".note.stapsdt",
        message: "the arguments of static probes are not understood on machine \(machine)")
    }
    var rest = text[...]
    var arguments: [ProbeArgument] = []
    while let argument = next(in: &rest) {
      guard let parsed = parse(argument, isX86: machine == 62) else {
        throw ObjectError(
          section: ".note.stapsdt",
          message: "the argument '\(argument)' of '\(text)' is not understood")
      }
      arguments.append(parsed)
    }
    guard arguments.count <= limit else {
      throw ObjectError(
        section: ".note.stapsdt",
        message: "a static probe has \(arguments.count) arguments, and programs read \(limit)")
    }
    return arguments
  }

  /// The next argument: spaces part them, but not within brackets.
  private static func next(in rest: inout Substring) -> Substring? {
    rest = rest.drop { $0 == " " }
    guard !rest.isEmpty else { return nil }
    var depth = 0
    var end = rest.startIndex
    while end < rest.endIndex {
      let character = rest[end]
      if character == " ", depth == 0 { break }
      if character == "[" || character == "(" { depth += 1 }
      if character == "]" || character == ")" { depth -= 1 }
      end = rest.index(after: end)
    }
    defer { rest = rest[end...] }
    return rest[..<end]
  }

  private static func parse(_ text: Substring, isX86: Bool) -> ProbeArgument? {
    guard let at = text.firstIndex(of: "@"), let size = Int(text[..<at]),
      [1, 2, 4, 8].contains(size.magnitude)
    else { return nil }
    let place = text[text.index(after: at)...]
    guard let location = isX86 ? x86(place) : arm(place) else { return nil }
    return ProbeArgument(location: location, size: Int(size.magnitude), isSigned: size < 0)
  }

  // MARK: x86-64

  /// `%rdi`, `$5`, `-16(%rbp)`, `8(%rdi,%rax,4)`.
  private static func x86(_ text: Substring) -> Location? {
    if text.hasPrefix("$") { return integer(text.dropFirst()).map { .constant($0) } }
    if text.hasPrefix("%") { return x86Register(text).map { .register($0) } }
    guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else { return nil }
    guard let offset = open == text.startIndex ? 0 : integer(text[..<open]) else { return nil }
    let parts = text[text.index(after: open)...].dropLast()
      .split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.drop { $0 == " " } }
    guard let base = parts.first.flatMap(x86Register) else { return nil }
    switch parts.count {
    case 1: return .memory(base, offset: offset)
    case 2, 3:
      let scale = parts.count == 3 ? Int(parts[2]) : 1
      guard let index = x86Register(parts[1]), let scale,
        let shift = [1, 2, 4, 8].firstIndex(of: scale)
      else { return nil }
      return .indexed(base, index: index, shift: UInt8(shift), offset: offset)
    default: return nil
    }
  }

  /// Where `pt_regs` of x86-64 has a register, by any of the names of its parts.
  private static func x86Register(_ text: Substring) -> Int16? {
    guard text.hasPrefix("%") else { return nil }
    let name = text.dropFirst()
    // r8 to r15: r8d, r8w and r8b are parts of them.
    if name.hasPrefix("r"), let number = Int(name.dropFirst().prefix { $0.isNumber }),
      (8...15).contains(number)
    {
      let suffix = name.dropFirst().drop { $0.isNumber }
      guard ["", "d", "w", "b"].contains(suffix) else { return nil }
      return [72, 64, 56, 48, 24, 16, 8, 0][number - 8]
    }
    let places: [(Int16, [Substring])] = [
      (32, ["rbp", "ebp", "bp", "bpl"]), (40, ["rbx", "ebx", "bx", "bl"]),
      (80, ["rax", "eax", "ax", "al"]), (88, ["rcx", "ecx", "cx", "cl"]),
      (96, ["rdx", "edx", "dx", "dl"]), (104, ["rsi", "esi", "si", "sil"]),
      (112, ["rdi", "edi", "di", "dil"]), (128, ["rip"]), (152, ["rsp", "esp", "sp", "spl"]),
    ]
    return places.first { $0.1.contains(name) }?.0
  }

  // MARK: aarch64

  /// `x0`, `w0`, `5`, `[sp, 12]`, `[x0]`.
  private static func arm(_ text: Substring) -> Location? {
    if text.hasPrefix("["), text.hasSuffix("]") {
      let parts = text.dropFirst().dropLast().split(separator: ",")
        .map { $0.drop { $0 == " " } }
      guard (1...2).contains(parts.count), let base = armRegister(parts[0]) else { return nil }
      guard parts.count == 2 else { return .memory(base, offset: 0) }
      return integer(parts[1]).map { .memory(base, offset: $0) }
    }
    if let register = armRegister(text) { return .register(register) }
    return integer(text).map { .constant($0) }
  }

  private static func armRegister(_ text: Substring) -> Int16? {
    if text == "sp" { return 248 }
    guard text.hasPrefix("x") || text.hasPrefix("w"), let number = Int16(text.dropFirst()),
      (0...30).contains(number)
    else { return nil }
    return number * 8
  }

  private static func integer(_ text: Substring) -> Int64? {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text
    guard digits.hasPrefix("0x") else { return Int64(text) }
    guard let value = UInt64(digits.dropFirst(2), radix: 16) else { return nil }
    return text.hasPrefix("-") ? 0 &- Int64(bitPattern: value) : Int64(bitPattern: value)
  }
}

// MARK: For programs with bpf/usdt.bpf.h

/// The value of libbpf's map `__bpf_usdt_specs` that tells a program where the arguments of a static
/// probe are.
public struct StaticProbeSpec: Hashable, Sendable {
  public var arguments: [ProbeArgument]
  public var cookie: UInt64

  public init(arguments: [ProbeArgument], cookie: UInt64) {
    self.arguments = arguments
    self.cookie = cookie
  }

  /// The maps of `bpf/usdt.bpf.h` as the kernel names them, which cuts names.
  public static let mapName = "__bpf_usdt_spec"
  /// Bytes of a value.
  public static let size = ProbeArgument.limit * 16 + 16

  /// In the layout of `struct __bpf_usdt_spec`.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.size)
    func add(_ value: some FixedWidthInteger) {
      var rest = value
      for _ in 0..<type(of: value).bitWidth / 8 {
        bytes.append(UInt8(truncatingIfNeeded: rest))
        rest >>= 8
      }
    }
    for argument in arguments.prefix(ProbeArgument.limit) {
      // Kind in eight bits, index register in twelve, shift in four.
      let (value, kind, register): (Int64, UInt32, Int16) =
        switch argument.location {
        case .constant(let value): (value, 0, 0)
        case .register(let place): (0, 1, place)
        case .memory(let place, let offset): (offset, 2, place)
        case .indexed(let place, let index, let shift, let offset):
          (offset, 3 | UInt32(UInt16(bitPattern: index)) << 8 | UInt32(shift) << 20, place)
        }
      add(value)
      add(kind)
      add(register)
      bytes.append(argument.isSigned ? 1 : 0)
      bytes.append(UInt8(64 - argument.size * 8))
    }
    bytes += [UInt8](repeating: 0, count: ProbeArgument.limit * 16 - bytes.count)
    add(cookie)
    add(UInt64(arguments.count))
    return bytes
  }
}
