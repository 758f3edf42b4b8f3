import BPFObject
import Planning

/// One map's contents on their way into the map that replaces it, and back if that is undone.
struct Migration<Object: KernelObject> {
  let map: DesiredMap
  let last: AppliedResource?
  let forward: ValueConversion
  let backward: ValueConversion
  /// In which parts values of the new and of the old map are merged.
  let newForm: MergeForm
  let oldForm: MergeForm
  let isPerCPU: Bool
  /// How many elements the old map has if it is an array.
  private let oldCount: UInt32?
  /// What of the old map the new one has been given, as the new one has it.
  var given: EntryTable
  /// The map that holds what was given, converted, for whoever comes after a kill; nil where merging
  /// could not record in it.
  var base: Object?

  init(_ map: DesiredMap, from live: ObservedMap, last: AppliedResource?) {
    self.map = map
    self.last = last
    forward = ValueConversion(from: live, last: last, to: map)
    backward = ValueConversion(to: live, last: last, from: map)
    let (new, old) = (Int(map.map.valueSize), Int(live.valueSize))
    newForm = MergeForm(map.valueLayout, size: new, sums: map.sums)
    // Without a layout of its own the old value has the new one's; sizes are the same then.
    oldForm = MergeForm(
      live.valueLayout ?? last?.valueLayout ?? map.valueLayout, size: old, sums: map.sums)
    isPerCPU = [.percpuHash, .percpuArray, .lruPercpuHash].contains(map.map.type)
    oldCount = live.type.hasEveryKey || live.type == .arrayOfMaps ? live.maxEntries : nil
    given = EntryTable(keySize: Int(live.keySize), valueSize: 0)
  }

  /// The rows that the new map gets, as the old one has them.
  func carried(_ table: EntryTable) -> EntryTable { map.carried(table, last: last) }

  func converted(_ table: EntryTable) -> EntryTable {
    forward.convert(table, isPerCPU: isPerCPU, blank: map.blankValue)
  }

  /// What happened to the old map since, for the new one. `now` is converted.
  func patches(to now: EntryTable) -> EntryPatches {
    EntryPatches(
      from: given, to: now, form: newForm, isPerCPU: isPerCPU, recording: base == nil ? nil : now)
  }

  /// The new map has got the patches that were made of what the old one is now, converted.
  mutating func take(_ now: EntryTable, _ patches: EntryPatches, made: [Bool]) {
    guard made.contains(false) else {
      given = now
      return
    }
    var gone: Set<[UInt8]> = []
    var (keys, values) = (given.keys, given.values)
    for row in 0..<patches.count where made[row] {
      let key = patches.key(row)
      if patches.kinds[row] == .delete {
        gone.insert(Array(key))
      } else if let place = now.row(of: key) {
        keys += key
        values += now.value(place)
      }
    }
    let both = EntryTable(
      keySize: given.keySize, valueSize: given.valueSize, keys: keys, values: values)
    given = gone.isEmpty ? both : both.selecting { !gone.contains(Array(both.key($0))) }
  }

  /// What happened to the new map beyond what it was given, for the old one.
  func patchesBack(from now: EntryTable) -> EntryPatches {
    var carried = carried(now)
    if let oldCount {
      carried = carried.selecting { HostOrder.number(carried.key($0)) < oldCount }
    }
    return EntryPatches(
      from: backward.convert(given, isPerCPU: isPerCPU),
      to: backward.convert(carried, isPerCPU: isPerCPU), form: oldForm, isPerCPU: isPerCPU,
      recording: base == nil ? nil : carried)
  }
}
