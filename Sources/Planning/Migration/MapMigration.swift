public import BPFObject

/// How the contents of a map that is replaced come into the new one.
public struct MapMigration: Hashable, Sendable {
  /// The kernel's id of the map that they come from.
  public var source: UInt32
  /// What becomes of the value's fields.
  public var fields: [ValueConversion.Field]
  /// Fields to which differences are added.
  public var sums: [String]
  /// Programs that may still write to the old map after the grace period.
  public var unguarded: [Address]
}

extension ValueConversion {
  /// From the values of a live map to those of a desired one. Layouts that the kernel does not tell
  /// are as they were last applied.
  public init(from live: ObservedMap, last: AppliedResource?, to map: DesiredMap) {
    self.init(
      from: live.valueLayout ?? last?.valueLayout, oldSize: Int(live.valueSize),
      to: map.valueLayout, newSize: Int(map.map.valueSize), ignoresOpaque: map.map.data != nil)
  }

  /// The way back.
  public init(to live: ObservedMap, last: AppliedResource?, from map: DesiredMap) {
    self.init(
      from: map.valueLayout, oldSize: Int(map.map.valueSize),
      to: live.valueLayout ?? last?.valueLayout, newSize: Int(live.valueSize),
      ignoresOpaque: map.map.data != nil, isBackwards: true)
  }
}

extension MapType {
  /// Whether the entries of such a map can be carried over into a new one.
  public var isMigratable: Bool { migrationFamily != nil }

  /// Whether a program can merge contents into such a map while others write to it: each CPU's values
  /// and references to maps are beyond it, and larger values would make it longer than the verifier
  /// likes.
  public func isMergedAtOnce(valueSize: Int) -> Bool {
    [.hash, .lruHash, .array, .lpmTrie].contains(self) && valueSize <= 2048
  }

  /// Entries may go from one type to another of the same family.
  var migrationFamily: Int? {
    switch self {
    case .hash, .lruHash: 1
    case .percpuHash, .lruPercpuHash: 2
    case .array: 3
    case .percpuArray: 4
    case .lpmTrie: 5
    case .hashOfMaps: 6
    case .arrayOfMaps: 7
    default: nil
    }
  }
}

extension DesiredMap {
  /// Which of the old map's rows the new one gets: not those whose values the manifest declares, nor
  /// what it no longer wants; of an array, only what still fits.
  public func carried(_ table: EntryTable, last: AppliedResource?) -> EntryTable {
    let isIndexed = map.type.migrationFamily.map { [3, 4, 7].contains($0) } ?? false
    let formerly = Set(entries?.policy == .merge ? last?.mergedKeys ?? [] : [])
    guard isIndexed || entries.map({ $0.policy != .seed }) == true else { return table }
    return table.filtered { key in
      if isIndexed, hostNumber(key) >= map.maxEntries { return false }
      guard let entries, entries.policy != .seed else { return true }
      if entries.table.row(of: key) != nil { return !entries.enforceValues }
      return entries.policy == .merge && !formerly.contains(Digest.hex(hash: key))
    }
  }

  /// What a new value has where nothing is carried over; nil = zeros.
  public var blankValue: [UInt8]? { map.data.flatMap { $0.isReadOnly ? nil : $0.contents } }
}

extension EntryTable {
  func filtered(_ isKept: (ArraySlice<UInt8>) -> Bool) -> EntryTable {
    var (keptKeys, keptValues): ([UInt8], [UInt8]) = ([], [])
    for row in 0..<count where isKept(key(row)) {
      keptKeys += key(row)
      keptValues += value(row)
    }
    if keptKeys.count == keys.count { return self }
    return EntryTable(keySize: keySize, valueSize: valueSize, keys: keptKeys, values: keptValues)
  }
}

extension Ownership {
  /// The maps whose value types the plan may ask for, by id: those that a manifest wants otherwise
  /// than they are and that are to be migrated, and what an interrupted migration left.
  public static func layoutsToRead(
    _ scope: ObservationScope, observedSoFar observed: ObservedState
  ) -> Set<UInt32> {
    guard let desired = scope.desired else { return [] }
    let ownership = Ownership(
      owner: scope.owner, root: scope.root, observed: observed, desired: desired)
    var ids: Set<UInt32> = []
    for map in desired.maps where map.onReplace == .migrate && map.external == nil {
      let last = ownership.last(.map(map.ref))
      ids.formUnion(last?.migratedFrom ?? [])
      ids.formUnion(ownership.bases(of: .map(map.ref)).flatMap { [$0.source, $0.target] })
      guard let live = ownership.liveMap(map.ref) else { continue }
      let spec = map.canonicalSpec
      if live.valueSize != map.map.valueSize || live.maxEntries != map.map.maxEntries
        || live.type != map.map.type || live.flags != map.map.flags
        || spec["variables"] != last?.spec["variables"]
      {
        ids.insert(live.id)
      }
    }
    return ids
  }
}
