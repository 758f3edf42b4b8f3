import BPFObject
import Planning

/// Maps and programs as descriptors that nobody else can see.
extension Execution {
  func createMap(_ ref: String) throws(KernelFailure) {
    guard let map = maps[ref] else { throw missing(.map(ref)) }
    var creation = MapCreation<K.Object>(map: map.map)
    if let object = map.object, map.map.isDescribed || map.map.structOps != nil {
      creation.btf = try btf(of: object)
    }
    // The template is only looked at while the outer map is made.
    if let inner = map.map.inner.first {
      var template = MapCreation<K.Object>(map: inner)
      if let object = map.object, inner.isDescribed { template.btf = try btf(of: object) }
      creation.inner = try kernel.createMap(template)
    }
    let object: K.Object
    do throws(KernelFailure) {
      object = try kernel.createMap(creation)
    } catch {
      throw error.about(.map(ref))
    }
    made[.map(ref)] = object

    let isMigrated = isMigrated(ref)
    if isMigrated, map.map.data == nil, map.entries?.policy == .seed {
      // A map that is carried over is none that begins.
    } else if let entries = map.entries {
      let plain = entries.withoutReferences
      if !plain.isEmpty { try kernel.write(plain, to: object) }
      for (key, references) in entries.sortedReferences
      where references.allSatisfy({ $0.address == nil }) {
        let value = try value(of: key, in: entries)
        try kernel.write(
          EntryTable(keySize: key.count, valueSize: value.count, keys: key, values: value),
          to: object)
      }
    } else if let data = map.map.data, data.kind != .kconfig, !data.contents.isEmpty {
      try kernel.write(data.table(keySize: Int(map.map.keySize)), to: object)
    }
    // Slots are filled when their targets are there.
    if freezesAtCreation(map), !isMigrated, map.entries?.targets.isEmpty ?? true {
      try kernel.freeze(object)
    }
  }

  /// Slots whose targets had to be made first. On a map that is visible already (or whose program
  /// values would keep it alive for ever), each is journaled.
  func fillReferences(_ ref: String) throws(KernelFailure) {
    if let map = maps[ref], let structOps = map.map.structOps { return try fill(map, structOps) }
    guard let map = maps[ref], let entries = map.entries else { return }
    let object = try object(for: .map(ref))
    var slots: [MapSlot<K.Object>] = []
    for (key, references) in entries.sortedReferences {
      guard let reference = references.first(where: { $0.address != nil }),
        let address = reference.address
      else { continue }
      try slots.append(
        MapSlot(
          key: key, value: value(of: key, in: entries), offset: reference.offset,
          target: self.object(for: address)))
    }
    if isCommitting {
      for slot in slots {
        journal.record(currentStep, "slot of map.\(ref)") { [kernel] () throws(KernelFailure) in
          try kernel.remove(key: slot.key, from: object)
        }
      }
    }
    try kernel.write(slots, to: object)
    if freezesAtCreation(map), !isMigrated(ref) { try kernel.freeze(object) }
  }

  private func fill(_ map: DesiredMap, _ structOps: StructOps) throws(KernelFailure) {
    var programs: [String: K.Object] = [:]
    for (member, ref) in map.operations { programs[member] = try object(for: .program(ref)) }
    do throws(KernelFailure) {
      try kernel.fill(object(for: .map(map.ref)), structOps, with: programs)
    } catch {
      throw error.about(.map(map.ref))
    }
  }

  func loadProgram(_ ref: String) throws(KernelFailure) {
    guard let program = programs[ref] else { throw missing(.program(ref)) }
    var bound: [String: K.Object] = [:]
    for (name, map) in program.bindings { bound[name] = try object(for: .map(map)) }
    var load = ProgramLoad<K.Object>(image: program.image, maps: bound)
    load.btf = try btf(of: program.object)
    load.btfBytes = desired.objects[program.object]?.btf ?? []
    load.attachTo = program.attachTo
    switch program.extends {
    case .program(let ref)?: load.attachProgram = try object(for: .program(ref))
    case .pin(let path)?: load.attachProgram = try pinnedProgram(path)
    case nil: break
    }
    do throws(KernelFailure) {
      let object = try kernel.loadProgram(load)
      if !isTrial { try kernel.bind(metadataMap(of: program.object), to: object) }
      made[.program(ref)] = object
    } catch {
      throw error.about(.program(ref))
    }
  }

  // MARK: Once for each object instance

  private func btf(of object: String) throws(KernelFailure) -> K.Object? {
    if let loaded = btfs[object] { return loaded }
    guard let bytes = desired.objects[object]?.btf, !bytes.isEmpty else { return nil }
    let loaded = try kernel.loadBTF(bytes)
    btfs[object] = loaded
    return loaded
  }

  private func metadataMap(of object: String) throws(KernelFailure) -> K.Object {
    if let known = metadataMaps[object] { return known }
    let metadata = OwnerMetadata(
      ProgramMetadata(
        owner: desired.owner, object: object,
        digest: desired.objects[object]?.fileDigest ?? "", bpffsDevice: observed.host.bpffsDevice))
    let (btf, map) = metadata.build()
    let created = try kernel.createMap(MapCreation(map: map, btf: kernel.loadBTF(btf)))
    if let data = map.data { try kernel.write(data.table(keySize: 4), to: created) }
    try kernel.freeze(created)
    metadataMaps[object] = created
    return created
  }

  // MARK: Contents

  private func freezesAtCreation(_ map: DesiredMap) -> Bool {
    map.freeze || map.map.data?.isReadOnly == true
  }

  /// The declared value with the indexes of the interfaces that it names.
  private func value(
    of key: [UInt8], in entries: DesiredEntries
  ) throws(KernelFailure) -> [UInt8] {
    var value = entries.value(key)
    for case .interface(let name, let offset) in entries.references[key] ?? [] {
      guard
        let interface = observed.interfaces.first(where: {
          $0.name.namespace == .own && $0.name.name == name
        })
      else {
        throw KernelFailure(
          operation: "RTM_GETLINK", subject: name, message: "there is no interface \(name)")
      }
      guard offset >= 0, offset + 4 <= value.count else {
        throw KernelFailure(
          operation: "BPF_MAP_UPDATE_ELEM", subject: name,
          message: "an interface's index does not fit at byte \(offset) of \(value.count)")
      }
      value.replaceSubrange(offset..<offset + 4, with: HostOrder.bytes(interface.index))
    }
    return value
  }
}

/// 32-bit numbers as the kernel lays them in keys and values: in the host's byte order.
enum HostOrder {
  static func bytes(_ value: UInt32) -> [UInt8] {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    #if _endian(little)
      return bytes
    #else
      return bytes.reversed()
    #endif
  }

  static func number(_ bytes: some Collection<UInt8>) -> UInt32 {
    #if _endian(little)
      return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    #else
      return bytes.reduce(0) { $0 << 8 | UInt32($1) }
    #endif
  }
}

extension DataSection {
  /// The one element of the array that holds the section.
  func table(keySize: Int) -> EntryTable {
    EntryTable(
      keySize: keySize, valueSize: contents.count, keys: [UInt8](repeating: 0, count: keySize),
      values: contents)
  }
}

extension DesiredEntries {
  /// The rows that are bytes and nothing else.
  var withoutReferences: EntryTable {
    if references.isEmpty { return table }
    var keys: [UInt8] = []
    var values: [UInt8] = []
    for row in 0..<table.count where references[Array(table.key(row))] == nil {
      keys += table.key(row)
      values += table.value(row)
    }
    return EntryTable(
      keySize: table.keySize, valueSize: table.valueSize, keys: keys, values: values)
  }

  /// The declared bytes of a row; zeros where the table has none.
  func value(_ key: [UInt8]) -> [UInt8] {
    if let row = table.row(of: key) { return Array(table.value(row)) }
    return [UInt8](repeating: 0, count: table.valueSize)
  }
}
