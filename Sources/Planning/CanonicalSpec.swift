internal import BPFObject
internal import Crypto

// The canonical specs, made in one place from the structural description: what the inventory keeps,
// what is compared and what is shown are the same.

extension DesiredState {
  /// The same state, sorted by address, with every `spec` filled in. The planner does this itself;
  /// whoever writes the inventory must take the specs from here.
  public var canonical: DesiredState {
    var state = self
    state.maps.sort { $0.ref < $1.ref }
    state.programs.sort { $0.ref < $1.ref }
    state.attachments.sort { $0.address < $1.address }
    state.pins.sort { $0.name < $1.name }
    for index in state.maps.indices { state.maps[index].spec = state.maps[index].canonicalSpec }
    for index in state.programs.indices {
      state.programs[index].spec = state.programs[index].canonicalSpec
    }
    for index in state.attachments.indices {
      state.attachments[index].spec = state.attachments[index].canonicalSpec
    }
    for index in state.pins.indices { state.pins[index].spec = state.pins[index].canonicalSpec }
    return state
  }
}

extension DesiredMap {
  public var canonicalSpec: Spec {
    if let external { return Spec(["external": .text(external)]) }
    var spec = map.attributes
    for (member, ref) in operations { spec["operations.\(member)"] = .text(ref) }
    if let structOps = map.structOps {
      spec["operations.digest"] = .text(structOps.digest)
      spec["value_size"] = nil
    }
    for (field, value) in map.inner.first?.attributes.fields ?? [:] {
      spec["inner.\(field)"] = value
    }
    spec["freeze"] = .bool(freeze || isReadOnlyData)
    spec["protect"] = .bool(protect)
    if sensitive { spec["sensitive"] = true }
    spec["variables"] = variablesDigest.map(SpecValue.text)
    if let entries {
      spec["entries.policy"] = .text(entries.policy.rawValue)
      if !entries.enforceValues { spec["entries.values"] = "initial" }
      spec["entries.digest"] = entries.digest(for: map.type).map(SpecValue.text)
    }
    return spec.adding(pin.spec)
  }

  /// Where programs look for their variables: others of the same size are another map. Constants
  /// are compared by their bytes.
  private var variablesDigest: String? {
    guard let data = map.data, !data.isReadOnly, let fields = valueLayout?.flatFields else {
      return nil
    }
    let text = fields.map { "\($0.name)@\($0.bitOffset): \($0.layout)" }.joined(separator: "\n")
    return String(Digest.hex(text).prefix(16))
  }

  var isReadOnlyData: Bool { map.data?.isReadOnly == true }

  /// What happens when the map has to be replaced and the manifest does not say.
  public var defaultOnReplace: OnReplace {
    switch map.data?.kind {
    case .rodata, .kconfig: return .recreate
    case .data, .bss: return .migrate
    case nil: break
    }
    if let entries, entries.policy == .exact, entries.enforceValues { return .recreate }
    switch map.type {
    case .ringbuf, .userRingbuf, .perfEventArray, .progArray, .devmap, .devmapHash, .cpumap,
      .structOps:
      return .recreate
    default: return .refuse
    }
  }
}

extension MapSpec {
  /// What MAP_CREATE is given and map info reports.
  var attributes: Spec {
    let flags = self.flags | (numaNode == nil ? 0 : 1 << 2)
    var spec = Spec([
      "type": .text(type.description), "key_size": .number(UInt64(keySize)),
      "value_size": .number(UInt64(valueSize)), "max_entries": .number(UInt64(maxEntries)),
      "map_flags": .list(KernelNormalisation.flagNames(flags).map(SpecValue.text)),
    ])
    if extra != 0 { spec["map_extra"] = .number(extra) }
    if let numaNode { spec["numa_node"] = .number(UInt64(numaNode)) }
    return spec
  }
}

extension ObservedMap {
  var attributes: Spec {
    var spec = MapSpec(
      name: name, type: type, keySize: keySize, valueSize: valueSize, maxEntries: maxEntries,
      flags: flags
    ).attributes
    if extra != 0 { spec["map_extra"] = .number(extra) }
    return spec
  }
}

extension DesiredProgram {
  public var canonicalSpec: Spec {
    var spec = Spec(["type": .text(image.type.description), "digest": .text(digest)])
    if let attachType = image.expectedAttachType {
      spec["expected_attach_type"] = .text(attachType.description)
    }
    if image.flags != 0 { spec["flags"] = .number(UInt64(image.flags)) }
    if let extends {
      spec["attach_to"] = .text(extends.text)
      spec["function"] = attachTo.map(SpecValue.text)
    } else if let attachTo {
      spec["attach_to"] = .text(attachTo)
    }
    for (map, ref) in bindings { spec["maps.\(map)"] = .text(ref) }
    return spec.adding(pin.spec)
  }
}

extension DesiredAttachment {
  public var canonicalSpec: Spec {
    var spec = hook.spec
    if case .program = subject { spec["program"] = .text(program) }
    spec["exclusive"] = .bool(exclusive)
    if let cookie { spec["cookie"] = .number(cookie) }
    spec[AttachmentOrder.field] = order?.specValue
    if preorder { spec[AttachmentOrder.preorderField] = true }
    return hook.filter == nil ? spec.adding(pin.spec) : spec
  }
}

extension DesiredPin {
  public var canonicalSpec: Spec {
    Spec(["target": .text(target.description)]).adding(pin.spec)
  }
}

extension PinSpec {
  var spec: Spec {
    Spec([
      "pin.path": .text(path), "pin.mode": .number(UInt64(mode)),
      "pin.owner": .number(UInt64(owner)), "pin.group": .number(UInt64(group)),
    ])
  }

  /// What a resource's spec says of its pin; nil when it has none.
  init?(spec: Spec) {
    guard let path = spec.text("pin.path") else { return nil }
    self.init(path: path)
    mode = spec.number("pin.mode") ?? 0o600
    owner = spec.number("pin.owner") ?? 0
    group = spec.number("pin.group") ?? 0
  }
}

extension Spec {
  func adding(_ other: Spec) -> Spec {
    Spec(fields.merging(other.fields) { _, new in new })
  }

  func text(_ name: String) -> String? {
    if case .text(let value) = self[name] { value } else { nil }
  }

  func number<Number: FixedWidthInteger>(_ name: String) -> Number? {
    if case .number(let value) = self[name] { Number(exactly: value) } else { nil }
  }

  func flag(_ name: String) -> Bool { self[name] == .bool(true) }

  /// A program's maps: the object's map name → REF.
  var bindings: [String: String] {
    var bindings: [String: String] = [:]
    for (name, value) in fields where name.hasPrefix("maps.") {
      if case .text(let ref) = value { bindings[String(name.dropFirst(5))] = ref }
    }
    return bindings
  }
}

extension StructOps {
  /// Of all that decides what the kernel is given, but for the programs.
  fileprivate var digest: String {
    var hash = SHA256()
    hash.update(data: Array(structure.utf8))
    for member in members {
      hash.update(data: Array("\(member.name) \(member.offset) \(member.size)\n".utf8))
    }
    hash.update(data: contents)
    return Digest.hex(hash: hash.finalize())
  }
}
