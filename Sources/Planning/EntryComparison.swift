internal import BPFObject

/// The entries of a live map against what is declared, by the policy.
///
/// Both tables are sorted by key, so that one walk over both finds every difference.
struct EntryComparison {
  /// What a reference stands for at the moment: bytes in the map, or an object that the apply makes.
  enum Target {
    case bytes([UInt8])
    case new(Address)
    case missing(String)
  }

  struct Result {
    var changes: [EntryChange] = []
    var missing: [String] = []
    /// Keys that were applied and are gone from a map that evicts.
    var evicted = 0
    /// There is something to compare, and it was not read.
    var isUnread = false
  }

  let map: DesiredMap
  let entries: DesiredEntries
  let last: AppliedResource?
  let slots: SlotText
  let resolve: (EntryReference) -> Target

  private var rules: EntryRules { EntryRules(map.map.type) }

  func compare(with contents: EntryTable?) -> Result {
    var result = Result()
    guard entries.policy != .seed else { return result }
    guard let contents else {
      compareUnread(&result)
      return result
    }
    let stored = map.map.type == .lpmTrie ? contents.withoutHostBits : contents
    // Of another size the map is replaced, for that reason.
    guard stored.keySize == entries.table.keySize,
      let match = ValueMatch(map, stored: stored.valueSize)
    else { return result }
    if entries.references.isEmpty && stored == entries.table { return result }
    let walk = EntryWalk(
      declared: entries.table, stored: stored, match: entries.enforceValues ? match : nil,
      always: Set(entries.references.keys.compactMap { entries.table.row(of: $0) }))
    let differences = walk.differences()
    guard !differences.isEmpty else { return result }
    let merged = entries.policy == .merge ? Set(last?.mergedKeys ?? []) : []
    for difference in differences {
      switch (difference.declared, difference.stored) {
      case (let row?, nil):
        let key = Array(entries.table.key(row))
        if rules.evicts && merged.contains(Digest.hex(hash: key)) {
          result.evicted += 1
        } else {
          add(row, key: key, before: nil, to: &result)
        }
      case (nil, let seen?): compareExtra(stored, seen, merged: merged, to: &result)
      case (let row?, let seen?): compareValue(row, stored.value(seen), match, to: &result)
      case (nil, nil): break
      }
    }
    return result
  }

  /// The first `limit` entries of a map that is made.
  func creation(limit: Int) -> [EntryChange] {
    var result = Result()
    for row in 0..<min(limit, entries.table.count) {
      add(row, key: Array(entries.table.key(row)), before: nil, isNew: true, to: &result)
    }
    return result.changes
  }

  /// Maps that cannot be read (bloom filters), or were not: what was declared last is believed.
  private func compareUnread(_ result: inout Result) {
    guard let digest = last?.spec.text("entries.digest") else {
      result.isUnread = true
      return
    }
    guard digest != entries.digest(for: map.map.type) else { return }
    if entries.policy == .exact {
      result.isUnread = true
    } else {
      for row in 0..<entries.table.count {
        add(row, key: Array(entries.table.key(row)), before: nil, to: &result)
      }
    }
  }

  private func compareExtra(
    _ contents: EntryTable, _ row: Int, merged: Set<String>, to result: inout Result
  ) {
    let key = Array(contents.key(row))
    switch entries.policy {
    case .seed: return
    case .merge: guard merged.contains(Digest.hex(hash: key)) else { return }
    case .exact: break
    }
    let value = Array(contents.value(row))
    var change = EntryChange(key: key, before: value, after: nil)
    change.beforeText = slots.stored(value)
    if rules.isArray {
      guard value.contains(where: { $0 != 0 }) else { return }
      change.after = [UInt8](repeating: 0, count: entries.table.valueSize)
    }
    result.changes.append(change)
  }

  private func compareValue(
    _ row: Int, _ stored: ArraySlice<UInt8>, _ match: ValueMatch, to result: inout Result
  ) {
    let key = Array(entries.table.key(row))
    let (wanted, _, missing) = value(row, entries.references[key] ?? [])
    if !missing.isEmpty {
      result.missing += missing
    } else if wanted.map({ match.isSame($0, stored) }) != true {
      add(row, key: key, before: Array(stored), to: &result)
    }
  }

  private func add(
    _ row: Int, key: [UInt8], before: [UInt8]?, isNew: Bool = false, to result: inout Result
  ) {
    let references = entries.references[key] ?? []
    let (_, bytes, missing) = value(row, references)
    var change = EntryChange(key: key, before: before, after: bytes)
    change.references = references
    change.beforeText = before.flatMap(slots.stored)
    change.afterText = slots.declared(bytes, references)
    // The slot keeps its name and gets the object that replaces the old one.
    if let text = change.afterText, text == change.beforeText, !references.isEmpty {
      change.afterText = "\(text) (new)"
    }
    result.missing += missing
    if references.isEmpty, before == nil, !isNew, rules.isArray, bytes.allSatisfy({ $0 == 0 }) {
      return
    }
    result.changes.append(change)
  }

  /// The declared value as it will read back (nil where that is not known yet), and as it is
  /// written: with the interfaces' indexes, and zeros for descriptors.
  private func value(
    _ row: Int, _ references: [EntryReference]
  ) -> (stored: [UInt8]?, written: [UInt8], missing: [String]) {
    let declared = Array(entries.table.value(row))
    if references.isEmpty { return (declared, declared, []) }
    var stored: [UInt8]? = declared
    var written = declared
    var missing: [String] = []
    for reference in references {
      switch resolve(reference) {
      case .bytes(let bytes):
        let place = reference.offset..<reference.offset + bytes.count
        guard place.lowerBound >= 0, place.upperBound <= declared.count else { continue }
        stored?.replaceSubrange(place, with: bytes)
        if reference.address == nil { written.replaceSubrange(place, with: bytes) }
      case .new: stored = nil
      case .missing(let what): missing.append(what)
      }
    }
    return (stored, written, missing)
  }
}
