import BPFObject
import Planning

internal import struct BPFKernel.Errno

/// Contents of a map that is replaced. Copied before the programs are swapped, and merged when no
/// program is left that writes to the old map: a copy that is followed by the swap alone loses what
/// is written in between.
extension Execution {
  /// Whether the new map takes over what a live one holds.
  func isMigrated(_ ref: String) -> Bool {
    plan.steps.contains { if case .copyEntries(ref, _) = $0 { true } else { false } }
  }

  func copyEntries(_ ref: String, from id: UInt32) throws(KernelFailure) {
    guard let map = maps[ref], let live = observed.maps.first(where: { $0.id == id }) else {
      throw missing(.map(ref))
    }
    let (old, new) = try (open(.map, id), object(for: .map(ref)))
    var migration = Migration<K.Object>(map, from: live, last: applied(.map(ref)))
    let contents = try migration.converted(migration.carried(kernel.read(old)))
    do throws(KernelFailure) {
      try put(contents, into: new, map.map.type)
    } catch {
      throw error.explainingFull(ref, holding: contents.count, map.map.maxEntries)
    }
    migration.given = contents
    reports[ref] = MigrationReport(copied: contents.count)
    if kernel.recordsMerges(into: new, migration.newForm) {
      migration.base = try keep(contents, room: live.maxEntries, map)
    }
    migrations[ref] = migration
  }

  /// What was given, in a map that can be pinned. While it advances, it may have the keys of before and
  /// those of now.
  private func keep(
    _ given: EntryTable, room: UInt32, _ map: DesiredMap
  ) throws(KernelFailure) -> K.Object {
    let (room, isTooLarge) = room.addingReportingOverflow(room)
    var spec = MapSpec(
      name: "migration_base", type: .hash, keySize: map.map.keySize,
      valueSize: map.map.valueSize, maxEntries: isTooLarge ? .max : room)
    // BPF_F_NO_PREALLOC: memory for what is in it.
    spec.flags = 1
    let base = try kernel.createMap(MapCreation(map: spec))
    if !given.isEmpty { try kernel.write(given, to: base) }
    return base
  }

  /// Before the new map is pinned, and so before a program writes to it: from then on somebody else may
  /// have to finish this.
  func stageBase(of address: Address) throws(KernelFailure) {
    guard case .map(let ref) = address, let base = migrations[ref]?.base else { return }
    let path = PinPath.base(try object(for: address).id, of: address, root: desired.root)
    try place(base, live: nil, at: path, like: PinSpec(path: path))
  }

  /// Once the new map is pinned: undone before its pin and its base's, when the old programs are on
  /// their hooks again.
  func journalMigration(of address: Address) throws(KernelFailure) {
    guard case .map(let ref) = address, migrations[ref] != nil, let id = changes[address]?.liveID
    else { return }
    let (old, new) = try (open(.map, id), object(for: address))
    journal.record(currentStep, "what was written to the new map.\(ref)") {
      [self] () throws(KernelFailure) in
      try carryBack(ref, from: new, to: old)
    }
  }

  func mergeEntries(_ ref: String) throws(KernelFailure) {
    guard var migration = migrations[ref], let id = changes[.map(ref)]?.liveID else {
      throw missing(.map(ref))
    }
    let (old, new) = try (open(.map, id), object(for: .map(ref)))
    try waitForPrograms()
    let now = try migration.converted(migration.carried(kernel.read(old)))
    let patches = migration.patches(to: now)
    var made = [Bool](repeating: false, count: patches.count)
    do throws(KernelFailure) {
      reports[ref, default: MigrationReport()].merged += try merge(
        patches, into: new, migration.map.map.type, recordingIn: migration.base, &made)
      migration.given = now
      migrations[ref] = migration
    } catch {
      // A call may have failed after the program had run: what it has done stands in the base.
      if let base = migration.base, let recorded = try? kernel.read(base) {
        migration.given = recorded
      } else {
        migration.take(now, patches, made: made)
      }
      migrations[ref] = migration
      throw error.explainingFull(ref, holding: now.count, migration.map.map.maxEntries)
    }
  }

  private func carryBack(_ ref: String, from new: K.Object, to old: K.Object)
    throws(KernelFailure)
  {
    guard let migration = migrations[ref] else { return }
    try kernel.waitForPrograms()
    let patches = migration.patchesBack(from: try kernel.read(new))
    var made = [Bool](repeating: false, count: patches.count)
    _ = try merge(
      patches, into: old, migration.map.map.type, recordingIn: migration.base, &made)
  }

  func waitForPrograms() throws(KernelFailure) {
    if hasWaitedForPrograms { return }
    try kernel.waitForPrograms()
    hasWaitedForPrograms = true
  }

  // MARK: Values that refer to maps

  func put(
    _ table: EntryTable, into map: K.Object, _ type: MapType
  ) throws(KernelFailure) {
    guard type.holdsMaps else {
      if !table.isEmpty { try kernel.write(table, to: map) }
      return
    }
    try kernel.write(slots(table.count, type) { (table.key($0), table.value($0)) }, to: map)
  }

  /// Inner maps by the ids that a map of maps shows.
  private func slots(
    _ count: Int, _ type: MapType, _ row: (Int) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)
  ) throws(KernelFailure) -> [MapSlot<K.Object>] {
    var slots: [MapSlot<K.Object>] = []
    for index in 0..<count {
      let (key, value) = row(index)
      guard let slot = ReferenceSlot(type: type, value: Array(value)) else { continue }
      try slots.append(
        MapSlot(
          key: Array(key), value: Array(value), offset: slot.offset,
          target: open(slot.kind, slot.id)))
    }
    return slots
  }

  func merge(
    _ patches: EntryPatches, into map: K.Object, _ type: MapType,
    recordingIn base: K.Object? = nil, _ made: inout [Bool]
  ) throws(KernelFailure) -> MergeCounts {
    if patches.isEmpty { return MergeCounts() }
    guard type.holdsMaps else {
      return try kernel.merge(patches, into: map, recordingIn: base, made: &made)
    }
    // The ids of inner maps are no numbers to calculate with: a slot is taken or left.
    let there = try kernel.read(map)
    var counts = MergeCounts()
    for row in 0..<patches.count {
      let key = Array(patches.key(row))
      let current = there.row(of: key).map { Array(there.value($0)) }
      switch patches.applied(row, to: current) {
      case .write(let value, let kept):
        counts.kept += kept
        try kernel.write(slots(1, type) { _ in (key[...], value[...]) }, to: map)
        if current == nil { counts.added += 1 } else { counts.changed += 1 }
      case .delete:
        try kernel.remove(key: key, from: map)
        counts.deleted += 1
      case .nothing(let kept): counts.kept += kept
      }
      made[row] = true
    }
    return counts
  }
}

extension MapType {
  var holdsMaps: Bool { self == .hashOfMaps || self == .arrayOfMaps }
  /// Every index exists, whether or not anything was written there.
  var hasEveryKey: Bool { self == .array || self == .percpuArray }
}

extension EntryTable {
  func selecting(_ isWanted: (Int) -> Bool) -> EntryTable {
    var (keys, values): ([UInt8], [UInt8]) = ([], [])
    for row in 0..<count where isWanted(row) {
      keys += key(row)
      values += value(row)
    }
    return EntryTable(keySize: keySize, valueSize: valueSize, keys: keys, values: values)
  }
}

extension KernelFailure {
  /// What E2BIG means here.
  fileprivate func explainingFull(_ ref: String, holding count: Int, _ limit: UInt32)
    -> KernelFailure
  {
    guard isErrno(.tooBig) else { return self }
    var failure = self
    failure.subject = "map.\(ref)"
    failure.message = "\(count) entries are to be carried over, and \(limit) fit"
    failure.hints = ["raise max_entries of maps.\(ref)"]
    return failure
  }
}
