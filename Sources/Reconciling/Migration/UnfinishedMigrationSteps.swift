import BPFObject
import Planning

/// What an interrupted apply had not merged yet.
extension Execution {
  func completeMigration(
    _ ref: String, _ unfinished: UnfinishedMigration
  ) throws(KernelFailure) {
    guard let map = maps[ref] else { throw missing(.map(ref)) }
    if let base = unfinished.base, let transfer = Transfer(base, into: map, of: self) {
      try finish(ref, unfinished.source, base, transfer)
    } else {
      try addMissing(ref, from: unfinished.source)
    }
  }

  /// Carries over what the base does not have. That needs no undo: it is so in either map, and if the
  /// new one goes, what it has goes back.
  private func finish(
    _ ref: String, _ source: UInt32, _ base: MigrationBase, _ transfer: Transfer
  ) throws(KernelFailure) {
    let (old, kept) = try (open(.map, source), open(.map, base.map))
    let new = try object(for: .map(ref))
    try waitForPrograms()
    var now = transfer.map.carried(try kernel.read(old), last: applied(.map(ref)))
    if source == base.source { now = transfer.given(now) }
    let patches = transfer.patches(from: try kernel.read(kept), to: now)
    var made = [Bool](repeating: false, count: patches.count)
    let counts = try merge(
      patches, into: new, transfer.map.map.type, recordingIn: kept, &made)
    reports[ref, default: MigrationReport()].merged += counts
  }

  /// Nobody knows what was copied: keys that only the old map has are carried over, and what both
  /// have stays as the new map has it.
  private func addMissing(_ ref: String, from id: UInt32) throws(KernelFailure) {
    guard let map = maps[ref], let live = observed.maps.first(where: { $0.id == id }) else {
      throw missing(.map(ref))
    }
    let (old, new) = try (open(.map, id), object(for: .map(ref)))
    try waitForPrograms()
    let migration = Migration<K.Object>(map, from: live, last: applied(.map(ref)))
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
    reports[ref, default: MigrationReport()].merged.added += missing.count
    let keys = (0..<missing.count).map { Array(missing.key($0)) }
    journal.record(currentStep, "entries of map.\(ref)") { [kernel] () throws(KernelFailure) in
      guard !map.map.type.hasEveryKey else { return }
      for key in keys { try kernel.remove(key: key, from: new) }
    }
  }
}

/// From a map whose contents were on their way into another, by the form of that other's values, into
/// the map that is there now.
struct Transfer {
  let map: DesiredMap
  /// From the values of the base's source to those of its target.
  private let first: ValueConversion
  /// From those to the values of the map.
  private let second: ValueConversion

  /// nil where it is not known how values were laid out.
  init?<K: Kernel>(_ base: MigrationBase, into map: DesiredMap, of execution: Execution<K>) {
    let last = execution.applied(.map(map.ref))
    let isKept = execution.made[.map(map.ref)] == nil
    func form(_ id: UInt32) -> (layout: Layout?, size: Int)? {
      if isKept, id == execution.changes[.map(map.ref)]?.liveID {
        return (map.valueLayout, Int(map.map.valueSize))
      }
      return execution.observed.maps.first { $0.id == id }.map {
        ($0.valueLayout ?? last?.valueLayout, Int($0.valueSize))
      }
    }
    // The target may be gone with all that was its own; the base has its form.
    guard let source = form(base.source) ?? form(base.target),
      let target = form(base.target) ?? form(base.map).map({ (map.valueLayout, $0.size) })
    else { return nil }
    self.map = map
    let isData = map.map.data != nil
    first = ValueConversion(
      from: source.layout, oldSize: source.size, to: target.layout, newSize: target.size,
      ignoresOpaque: isData, isBackwards: true)
    second = ValueConversion(
      from: target.layout, oldSize: target.size, to: map.valueLayout,
      newSize: Int(map.map.valueSize), ignoresOpaque: isData, isBackwards: true)
    guard first.problems.isEmpty, second.problems.isEmpty else { return nil }
  }

  /// As the base's target has been given it.
  func given(_ table: EntryTable) -> EntryTable {
    first.convert(table, isPerCPU: false, blank: map.blankValue)
  }

  /// `now` in the form of the base.
  func patches(from base: EntryTable, to now: EntryTable) -> EntryPatches {
    EntryPatches(
      from: second.convert(base, isPerCPU: false, blank: map.blankValue),
      to: second.convert(now, isPerCPU: false, blank: map.blankValue),
      form: MergeForm(map.valueLayout, size: Int(map.map.valueSize), sums: map.sums),
      isPerCPU: false, recording: now)
  }
}
