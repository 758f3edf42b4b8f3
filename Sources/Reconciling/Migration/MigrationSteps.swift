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
    var migration = Migration(map, from: live, last: applied(.map(ref)))
    let contents = try migration.carried(kernel.read(old))
    do throws(KernelFailure) {
      try put(migration.converted(contents), into: new, map.map.type)
    } catch {
      throw error.explainingFull(ref, holding: contents.count, map.map.maxEntries)
    }
    migration.given = contents
    migration.report.copied = contents.count
    migrations[ref] = migration
    // Undone last of all, when the old programs are on their hooks again.
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
    let now = try migration.carried(kernel.read(old))
    let patches = migration.patches(to: now)
    var made = [Bool](repeating: false, count: patches.count)
    do throws(KernelFailure) {
      migration.report.merged += try merge(patches, into: new, migration.map.map.type, &made)
      migration.given = now
      migrations[ref] = migration
    } catch {
      migration.take(now, patches, made: made)
      migrations[ref] = migration
      throw error.explainingFull(ref, holding: now.count, migration.map.map.maxEntries)
    }
  }

  /// Nobody knows what was copied: keys that only the old map has are carried over, and what both
  /// have stays as the new map has it.
  func completeMigration(_ ref: String, from id: UInt32) throws(KernelFailure) {
    guard let map = maps[ref], let live = observed.maps.first(where: { $0.id == id }) else {
      throw missing(.map(ref))
    }
    let (old, new) = try (open(.map, id), object(for: .map(ref)))
    try waitForPrograms()
    let migration = Migration(map, from: live, last: applied(.map(ref)))
    let now = try migration.converted(migration.carried(kernel.read(old)))
    let there = try kernel.read(new)
    var known = EntryTable(keySize: there.keySize, valueSize: now.valueSize)
    // An array has every key: what a program has not written to is still as it was made.
    if map.map.type.hasEveryKey {
      let blank = map.blankValue ?? []
      known = there.selecting { row in
        let value = there.value(row)
        return blank.isEmpty ? value.contains { $0 != 0 } : !value.elementsEqual(blank)
      }
    } else {
      known = there
    }
    let missing = now.selecting { known.row(of: now.key($0)) == nil }
    if map.map.type.hasEveryKey {
      try put(missing, into: new, map.map.type)
    } else {
      let patches = EntryPatches(
        from: EntryTable(keySize: missing.keySize, valueSize: missing.valueSize), to: missing,
        form: migration.newForm, isPerCPU: migration.isPerCPU)
      var made = [Bool](repeating: false, count: patches.count)
      _ = try merge(patches, into: new, map.map.type, &made)
    }
    var report = migrations[ref]?.report ?? MigrationReport()
    report.merged.added += missing.count
    var kept = migrations[ref] ?? migration
    kept.report = report
    migrations[ref] = kept
    let keys = (0..<missing.count).map { Array(missing.key($0)) }
    journal.record(currentStep, "entries of map.\(ref)") { [kernel] () throws(KernelFailure) in
      guard !map.map.type.hasEveryKey else { return }
      for key in keys { try kernel.remove(key: key, from: new) }
    }
  }

  private func carryBack(_ ref: String, from new: K.Object, to old: K.Object)
    throws(KernelFailure)
  {
    // Before the first visible step no program knew the new map.
    guard isCommitting, let migration = migrations[ref] else { return }
    try kernel.waitForPrograms()
    let patches = migration.patchesBack(from: try kernel.read(new))
    var made = [Bool](repeating: false, count: patches.count)
    _ = try merge(patches, into: old, migration.map.map.type, &made)
  }

  private func waitForPrograms() throws(KernelFailure) {
    if hasWaitedForPrograms { return }
    try kernel.waitForPrograms()
    hasWaitedForPrograms = true
  }

  // MARK: Values that refer to maps

  private func put(
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

  private func merge(
    _ patches: EntryPatches, into map: K.Object, _ type: MapType, _ made: inout [Bool]
  ) throws(KernelFailure) -> MergeCounts {
    if patches.isEmpty { return MergeCounts() }
    guard type.holdsMaps else { return try kernel.merge(patches, into: map, made: &made) }
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
