extension BTF {
  /// How the bytes of a type are read and written: of a map's key or value, of a global variable
  /// (`BTF_KIND_VAR`) or of a whole data section.
  ///
  /// Arrays of `char` become text, `__be16 __be32 __be64` are big-endian, `struct in_addr`,
  /// `struct in6_addr` and what `AddressNames` recognises become addresses, pointers and what the
  /// kernel keeps to itself (timers, locks, list heads, references) opaque. A bare `__be32` is
  /// taken for an IPv4 address.
  ///
  /// Throws, with the member's path, for floating point, for types without a size, for cycles and
  /// nesting over 32 levels, and past `Layout.maximumSize` or 65,536 fields.
  public func layout(of typeID: UInt32) throws(ValueError) -> Layout {
    var reader = LayoutReader(btf: self)
    return try reader.layout(of: typeID, name: "", depth: 0)
  }
}

private struct LayoutReader {
  let btf: BTF
  /// Enumerations are shared, so that many fields of a large one cost no memory.
  private var enumerations: [UInt32: Layout] = [:]
  private var fieldsLeft = 65_536

  init(btf: BTF) { self.btf = btf }

  /// A type without its typedefs and qualifiers, and what those say.
  private struct Use {
    var head: BTF.TypeHead
    var typedefs: [String] = []
  }

  private func use(of id: UInt32) throws(ValueError) -> Use {
    var next = id
    var typedefs: [String] = []
    for _ in 0..<32 {
      guard let head = btf.head(next) else {
        throw ValueError(message: "type \(next) does not exist")
      }
      switch head.kind {
      case .typedef: typedefs.append(btf.name(of: next))
      case .const, .volatile, .restrict, .typeTag, .variable: break
      default: return Use(head: head, typedefs: typedefs)
      }
      next = head.sizeOrType
    }
    throw ValueError(message: "type \(id) refers to itself or has over 32 qualifiers")
  }

  mutating func layout(of id: UInt32, name: String, depth: Int) throws(ValueError) -> Layout {
    guard depth < Layout.maximumDepth else {
      throw ValueError(message: "types nest more than \(Layout.maximumDepth) deep")
    }
    let use = try use(of: id)
    let id = use.head.id
    let size = Int(use.head.sizeOrType)
    switch use.head.kind {
    case .int: return try integer(use, name: name, depth: depth)
    case .enumeration, .enumeration64: return try enumeration(id, size: size)
    case .pointer: return .opaque(8)
    case .array: return try array(use, name: name, depth: depth)
    case .structure, .union: return try record(use, depth: depth)
    case .dataSection: return try dataSection(id, size: size, depth: depth)
    case .float:
      throw ValueError(
        message: "floating point is not supported (\(quoted(btf.name(of: id))))")
    default:
      let named = btf.name(of: id)
      throw ValueError(
        message: "a \(use.head.kind)\(named.isEmpty ? "" : " (\(quoted(named)))") has no size")
    }
  }

  private func integer(_ use: Use, name: String, depth: Int) throws(ValueError) -> Layout {
    guard let integer = btf.integer(use.head.id) else {
      throw ValueError(message: "type \(use.head.id) is damaged")
    }
    if integer.isBoolean, integer.size == 1 { return .bool }
    guard [1, 2, 4, 8].contains(integer.size) else { return .bytes(integer.size) }
    let plain = Layout.integer(size: integer.size, signed: integer.isSigned, bigEndian: false)
    let network = Layout.integer(size: integer.size, signed: false, bigEndian: true)
    for typedef in use.typedefs {
      switch (typedef, integer.size) {
      case ("in_addr_t", 4): return .ipv4
      case ("__be32", 4):
        let isAddress =
          (name.isEmpty && depth == 0) || AddressNames.isIP(name)
          || use.typedefs.contains(where: AddressNames.isIP)
        return isAddress ? .ipv4 : network
      case ("__be16", 2), ("in_port_t", 2), ("__be64", 8): return network
      default: continue
      }
    }
    return plain
  }

  private mutating func enumeration(_ id: UInt32, size: Int) throws(ValueError) -> Layout {
    if let known = enumerations[id] { return known }
    guard [1, 2, 4, 8].contains(size) else {
      throw ValueError(message: "an enumeration of \(size) bytes is not supported")
    }
    let layout = Layout.enumeration(
      size: size, signed: btf.isSignedEnumeration(id),
      constants: btf.enumerators(of: id).map { Layout.Constant(name: $0.name, value: $0.value) })
    enumerations[id] = layout
    return layout
  }

  private mutating func array(_ use: Use, name: String, depth: Int) throws(ValueError) -> Layout {
    guard let shape = btf.array(use.head.id) else {
      throw ValueError(message: "type \(use.head.id) is damaged")
    }
    let element = try self.use(of: shape.element)
    if let integer = btf.integer(element.head.id), integer.size == 1, !integer.isBoolean {
      if btf.name(of: element.head.id) == "char" || integer.isCharacter {
        return try checked(.characters(shape.count))
      }
      if !integer.isSigned {
        let names = [name] + use.typedefs + element.typedefs
        switch shape.count {
        case 6 where names.contains(where: AddressNames.isMAC): return .mac
        case 16 where names.contains(where: AddressNames.isIP): return .ipv6
        case 4 where names.contains(where: AddressNames.isIP): return .ipv4
        default: break
        }
      }
    }
    // `__be32 addr[4]` is an IPv6 address, not four of IPv4.
    if shape.count == 4, element.typedefs.contains("__be32") {
      let names = [name] + use.typedefs
      if names.contains(where: AddressNames.isIPv6) { return .ipv6 }
      return .array(.integer(size: 4, signed: false, bigEndian: true), count: 4)
    }
    let inner = try layout(of: shape.element, name: name, depth: depth + 1)
    // Nothing to count where elements take no place.
    if inner.isEmpty || shape.count == 0 { return .bytes(0) }
    let layout = try checked(.array(inner, count: shape.count))
    return inner.isKept ? .opaque(layout.size) : layout
  }

  private mutating func record(_ use: Use, depth: Int) throws(ValueError) -> Layout {
    let id = use.head.id
    let size = Int(use.head.sizeOrType)
    switch btf.name(of: id) {
    case "in_addr" where size == 4: return .ipv4
    case "in6_addr" where size == 16: return .ipv6
    case let name where LayoutReader.kernelStructures.contains(name):
      return try checked(.opaque(size))
    default: break
    }
    var fields: [Layout.Field] = []
    for member in btf.members(of: id) {
      do {
        fields.append(try field(member, recordSize: size, depth: depth))
      } catch {
        throw error.inside(.member(member.name.isEmpty ? "(anonymous)" : member.name))
      }
    }
    return try checked(
      .record(size: size, fields: fields, union: use.head.kind == .union))
  }

  private mutating func field(
    _ member: BTF.Member, recordSize: Int, depth: Int
  ) throws(ValueError) -> Layout.Field {
    fieldsLeft -= 1
    guard fieldsLeft >= 0 else { throw ValueError(message: "the type has over 65536 fields") }
    let layout = try layout(of: member.type, name: member.name, depth: depth + 1)
    var offset = member.bitOffset
    var width = member.bitSize
    // Without kind_flag a bitfield was an integer of fewer bits than its bytes have.
    if let integer = btf.integer(try use(of: member.type).head.id), width == nil,
      integer.bits != integer.size * 8 || integer.bitOffset != 0
    {
      width = integer.bits
      offset += integer.bitOffset
    }
    if let width {
      let kind = layout.bitfield
      guard let kind, (1...64).contains(width), offset + width <= recordSize * 8 else {
        throw ValueError(message: "the bitfield does not fit its structure")
      }
      return Layout.Field(name: member.name, bitOffset: offset, bitSize: width, layout: kind)
    }
    guard offset % 8 == 0, offset / 8 <= recordSize, layout.size <= recordSize - offset / 8
    else { throw ValueError(message: "the field does not fit its structure") }
    return Layout.Field(name: member.name, bitOffset: offset, layout: layout)
  }

  private mutating func dataSection(
    _ id: UInt32, size: Int, depth: Int
  ) throws(ValueError) -> Layout {
    var fields: [Layout.Field] = []
    for variable in btf.variables(of: id) {
      let name = btf.name(of: variable.type)
      do {
        let member = BTF.Member(
          name: name, type: variable.type, bitOffset: Int(variable.offset) * 8)
        fields.append(try field(member, recordSize: size, depth: depth))
      } catch {
        throw error.inside(.member(name))
      }
    }
    return try checked(.record(size: size, fields: fields, union: false))
  }

  private func checked(_ layout: Layout) throws(ValueError) -> Layout {
    guard layout.size <= Layout.maximumSize else {
      throw ValueError(
        message: "the type takes more than the \(Layout.maximumSize) bytes supported")
    }
    return layout
  }

  /// What a map's value may hold and only the kernel may touch.
  private static let kernelStructures: Set<String> = [
    "bpf_timer", "bpf_spin_lock", "bpf_res_spin_lock", "bpf_wq", "bpf_task_work",
    "bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount", "bpf_dynptr",
  ]
}

extension Layout {
  /// The layout of a bitfield of this type: whatever its typedef, its bits are in the host's
  /// order. nil for what cannot be one.
  fileprivate var bitfield: Layout? {
    switch self {
    case .integer(let size, let signed, _):
      .integer(size: size, signed: signed, bigEndian: false)
    case .ipv4: .integer(size: 4, signed: false, bigEndian: false)
    case .bool, .enumeration: self
    default: nil
    }
  }
}
