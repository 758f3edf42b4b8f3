/// Reads the structure that declares a map: integers are the lengths of arrays that are pointed to
/// (`__uint`) or the constant of an enumeration (`__ulong`), types stand behind pointers (`__type`).
struct MapDefinition {
  let btf: BTF
  var spec: MapSpec
  /// The name in errors.
  let name: String
  /// Where the `values` of a prog_array or map of maps start in the variable.
  var valuesOffset: Int?

  init(btf: BTF, name: String, structure: UInt32, isInner: Bool = false) throws(ObjectError) {
    self.btf = btf
    self.name = name
    spec = MapSpec(name: name, type: .unspecified)
    guard let fields = btf.head(structure)?.count, fields <= 64 else {
      throw failure("has too many fields")
    }
    let members = btf.members(of: structure)
    if let type = members.first(where: { $0.name == "type" }) {
      spec.type = MapType(rawValue: try integer32(type))
    }
    for (index, member) in members.enumerated() {
      try read(member, isLast: index == members.count - 1, isInner: isInner)
    }
    guard spec.type != .unspecified else { throw failure("has no type") }
    // Without BPF_F_NUMA_NODE the kernel does not look at it.
    if spec.flags & 1 << 2 == 0 { spec.numaNode = nil }
  }

  private func failure(_ message: String, hint: String? = nil) -> ObjectError {
    ObjectError(section: ".maps", message: "map \"\(name)\" \(message)", hint: hint)
  }

  private static let fields = [
    "type", "key", "key_size", "value", "value_size", "max_entries", "map_flags", "pinning",
    "numa_node", "map_extra", "values",
  ]

  private mutating func read(
    _ member: BTF.Member, isLast: Bool, isInner: Bool
  ) throws(ObjectError) {
    switch member.name {
    case "type": break
    case "max_entries": spec.maxEntries = try integer32(member)
    case "map_flags": spec.flags = try integer32(member)
    case "numa_node": spec.numaNode = try integer32(member)
    case "map_extra": spec.extra = try integer(member)
    case "key_size": try setKeySize(try integer32(member))
    case "value_size": try setValueSize(try integer32(member))
    case "key":
      let (type, size) = try pointee(member)
      try setKeySize(size)
      spec.keyTypeID = type
    case "value":
      let (type, size) = try pointee(member)
      try setValueSize(size)
      spec.valueTypeID = type
    case "pinning":
      guard !isInner else { throw failure("is an inner map and cannot be pinned") }
      let value = try integer32(member)
      guard value <= 1 else {
        throw failure(
          "has the unknown pinning \(value)", hint: "LIBBPF_PIN_NONE or LIBBPF_PIN_BY_NAME")
      }
      spec.pinByName = value == 1
    case "values":
      guard isLast else { throw failure("has members after values") }
      guard !isInner else { throw failure("is an inner map and cannot have values") }
      try readValues(member)
    default:
      throw failure(
        "has the unknown field \"\(member.name)\"",
        hint: "known are " + Self.fields.joined(separator: ", "))
    }
  }

  private mutating func setKeySize(_ size: UInt32) throws(ObjectError) {
    guard spec.keySize == 0 || spec.keySize == size else {
      throw failure("says both \(spec.keySize) and \(size) for the size of its key")
    }
    spec.keySize = size
  }

  private mutating func setValueSize(_ size: UInt32) throws(ObjectError) {
    guard spec.valueSize == 0 || spec.valueSize == size else {
      throw failure("says both \(spec.valueSize) and \(size) for the size of its value")
    }
    spec.valueSize = size
  }

  private func integer(_ member: BTF.Member) throws(ObjectError) -> UInt64 {
    if let head = btf.skipModifiers(member.type) {
      if head.kind == .pointer, let shape = btf.array(head.sizeOrType) {
        return UInt64(shape.count)
      }
      if head.kind.isEnumeration, let constant = btf.enumerators(of: head.id, limit: 1).first {
        return constant.value
      }
    }
    throw failure(
      "does not say \"\(member.name)\" as an integer",
      hint: "write __uint(\(member.name), …) or __ulong(\(member.name), …)")
  }

  private func integer32(_ member: BTF.Member) throws(ObjectError) -> UInt32 {
    let value = try integer(member)
    guard let small = UInt32(exactly: value) else {
      throw failure("has \(value) as \"\(member.name)\", which does not fit in 32 bits")
    }
    return small
  }

  private func pointee(_ member: BTF.Member) throws(ObjectError) -> (type: UInt32, size: UInt32) {
    guard let head = btf.head(member.type), head.kind == .pointer else {
      throw failure(
        "does not say \"\(member.name)\" as a type", hint: "write __type(\(member.name), …)")
    }
    guard let size = btf.size(of: head.sizeOrType) else {
      throw failure("has a \(member.name) whose type has no size")
    }
    return (head.sizeOrType, UInt32(truncatingIfNeeded: size))
  }

  private mutating func readValues(_ member: BTF.Member) throws(ObjectError) {
    guard spec.type.isMapOfMaps || spec.type == .progArray else {
      throw failure("of type \(spec.type) cannot have values in the object")
    }
    // The kernel's side of a slot is a descriptor or an id.
    try setValueSize(4)
    guard let shape = btf.array(member.type), shape.count == 0, member.bitOffset % 8 == 0,
      let slot = btf.skipModifiers(shape.element), slot.kind == .pointer,
      let target = btf.skipModifiers(slot.sizeOrType)
    else {
      throw failure("has values that are not a flexible array of pointers")
    }
    if spec.type == .progArray {
      guard target.kind == .functionPrototype else {
        throw failure("has values that are not functions")
      }
    } else {
      guard target.kind == .structure else { throw failure("has values that are not maps") }
      var inner = try MapDefinition(
        btf: btf, name: name + ".inner", structure: target.id, isInner: true
      ).spec
      inner.kernelName = MapSpec.kernelName(for: name + ".inner")
      spec.inner = [inner]
    }
    valuesOffset = member.bitOffset / 8
  }
}

extension MapType {
  /// array_of_maps and hash_of_maps.
  public var isMapOfMaps: Bool { self == .arrayOfMaps || self == .hashOfMaps }

  /// Whether MAP_CREATE takes BTF ids for keys and values of this type. For the others they
  /// describe the object only.
  public var takesBTF: Bool {
    switch self {
    case .progArray, .perfEventArray, .stackTrace, .cgroupArray, .arrayOfMaps, .hashOfMaps,
      .devmap, .devmapHash, .cpumap, .xskmap, .sockmap, .sockhash:
      false
    default: true
    }
  }
}
