import BPFObject
import Planning

/// Contents of live maps. Writing many entries can stop in the middle, so the way back is recorded
/// before the first of them is written; it holds for those that were not reached as well.
extension Execution {
  func changeEntries(_ ref: String) throws(KernelFailure) {
    guard let changes = changes[.map(ref)]?.entries?.changes, !changes.isEmpty else { return }
    let map = try object(for: .map(ref))
    let type = maps[ref]?.map.type ?? observedType(of: .map(ref))

    var former = EntryBatches()
    var slots: [MapSlot<K.Object>] = []
    var absent: [[UInt8]] = []
    for change in changes {
      guard let before = change.before else {
        absent.append(change.key)
        continue
      }
      // What is replaced is held, or it could be gone when it has to be put back.
      if let slot = ReferenceSlot(type: type, value: before) {
        try slots.append(
          MapSlot(
            key: change.key, value: before, offset: slot.offset, target: open(slot.kind, slot.id)))
      } else {
        former.add(change.key, before)
      }
    }
    journal.record(currentStep, "entries of map.\(ref)") {
      [kernel, slots] () throws(KernelFailure) in
      for key in absent { try kernel.remove(key: key, from: map) }
      for table in former.tables { try kernel.write(table, to: map) }
      try kernel.write(slots, to: map)
    }

    // Removals first: a full map has room for nothing else.
    for change in changes where change.after == nil {
      try kernel.remove(key: change.key, from: map)
    }
    var batches = EntryBatches()
    var newSlots: [MapSlot<K.Object>] = []
    for change in changes {
      guard let after = change.after else { continue }
      if let target = change.target {
        try newSlots.append(
          MapSlot(
            key: change.key, value: after, offset: target.offset,
            target: object(for: target.address)))
      } else {
        batches.add(change.key, after)
      }
    }
    for table in batches.tables { try kernel.write(table, to: map) }
    try kernel.write(newSlots, to: map)
  }

  func freezeMap(_ ref: String) throws(KernelFailure) {
    let map = try object(for: .map(ref))
    try kernel.freeze(map)
    // A new map goes as a whole; only a live one stays frozen.
    if made[.map(ref)] == nil { journal.recordIrreversible(currentStep, "freezing map.\(ref)") }
  }

  /// Removes the entries of the old map that hold programs: they would keep map and program alive
  /// for ever.
  func clearReferences(_ address: Address) throws(KernelFailure) {
    guard let id = changes[address]?.liveID else { throw missing(address) }
    let map = try open(.map, id)
    let type = observedType(of: address)
    let contents = try kernel.read(map)
    for row in 0..<contents.count {
      let key = Array(contents.key(row))
      let value = Array(contents.value(row))
      guard let slot = ReferenceSlot(type: type, value: value), slot.kind == .program else {
        continue
      }
      let program = try open(.program, slot.id)
      try kernel.remove(key: key, from: map)
      let former = MapSlot(key: key, value: value, offset: slot.offset, target: program)
      journal.record(currentStep, "slot of \(address)") { [kernel] () throws(KernelFailure) in
        try kernel.write([former], to: map)
      }
    }
  }

  private func observedType(of address: Address) -> MapType {
    guard let id = changes[address]?.liveID, let map = observed.maps.first(where: { $0.id == id })
    else { return .unspecified }
    return map.type
  }
}

/// Where the value of a map holds the id of another object, as the kernel reports it.
struct ReferenceSlot {
  var kind: ObjectKind
  var id: UInt32
  var offset: Int

  /// nil: the value is bytes and nothing else.
  init?(type: MapType, value: [UInt8]) {
    switch type {
    case .progArray where value.count >= 4:
      (kind, offset) = (.program, 0)
    case .arrayOfMaps where value.count >= 4, .hashOfMaps where value.count >= 4:
      (kind, offset) = (.map, 0)
    case .devmap where value.count >= 8, .devmapHash where value.count >= 8,
      .cpumap where value.count >= 8:
      (kind, offset) = (.program, 4)
    default: return nil
    }
    id = HostOrder.number(value[offset..<offset + 4])
    if id == 0 { return nil }
  }
}

/// Entries gathered into one table for each length of value: a per-CPU map has both.
struct EntryBatches {
  private var rows: [Int: (keys: [UInt8], values: [UInt8], keySize: Int)] = [:]

  mutating func add(_ key: [UInt8], _ value: [UInt8]) {
    rows[value.count, default: ([], [], key.count)].keys += key
    rows[value.count]?.values += value
  }

  var tables: [EntryTable] {
    rows.sorted { $0.key < $1.key }.map { size, rows in
      EntryTable(keySize: rows.keySize, valueSize: size, keys: rows.keys, values: rows.values)
    }
  }
}
