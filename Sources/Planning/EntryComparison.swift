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
  let resolve: (EntryReference) -> Target

  private var rules: EntryRules { EntryRules(map.map.type) }
  private var text: EntryText { EntryText(isSensitive: map.sensitive) }

  func compare(with contents: EntryTable?) -> Result {
    var result = Result()
    guard entries.policy != .seed else { return result }
    guard let contents else {
      compareUnread(&result)
      return result
    }
    guard contents.keySize == entries.table.keySize else { return result }
    if entries.references.isEmpty && contents == entries.table { return result }
    let merged = Set(last?.mergedKeys ?? [])
    var row = 0
    var seen = 0
    while row < entries.table.count || seen < contents.count {
      let order = compareKeys(row, contents, seen)
      if order <= 0 {
        let key = Array(entries.table.key(row))
        if order < 0 {
          if rules.evicts && merged.contains(Digest.hex(hash: key)) {
            result.evicted += 1
          } else {
            add(row, key: key, before: nil, to: &result)
          }
        } else {
          compareValue(row, key: key, observed: contents.value(seen), to: &result)
          seen += 1
        }
        row += 1
      } else {
        compareExtra(contents, seen, merged: merged, to: &result)
        seen += 1
      }
    }
    return result
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
    var change = EntryChange(key: key, before: value, after: nil, keyText: text.key(key))
    change.beforeText = text.value(value)
    if rules.isArray {
      guard value.contains(where: { $0 != 0 }) else { return }
      change.after = [UInt8](repeating: 0, count: entries.table.valueSize)
      change.afterText = text.value(change.after ?? [])
    }
    result.changes.append(change)
  }

  private func compareValue(
    _ row: Int, key: [UInt8], observed: ArraySlice<UInt8>, to result: inout Result
  ) {
    if let reference = entries.references[key] {
      switch resolve(reference) {
      case .bytes(let bytes):
        let wanted = value(row, with: bytes, at: reference.offset)
        if isEqual(wanted[...], observed) { return }
      case .missing(let what):
        result.missing.append(what)
        return
      case .new: break
      }
    } else if !entries.enforceValues || isEqual(entries.table.value(row), observed) {
      return
    }
    add(row, key: key, before: Array(observed), to: &result)
  }

  private func add(_ row: Int, key: [UInt8], before: [UInt8]?, to result: inout Result) {
    var change = EntryChange(
      key: key, before: before, after: Array(entries.table.value(row)), keyText: text.key(key))
    change.beforeText = before.map(text.value)
    change.afterText = change.after.map(text.value)
    if let reference = entries.references[key] {
      change.reference = reference.address
      change.afterText = reference.address?.description
      switch resolve(reference) {
      case .bytes(let bytes):
        if case .interface(let name, let offset) = reference {
          change.after = value(row, with: bytes, at: offset)
          change.afterText = "interface \(name)"
        }
      case .missing(let what): result.missing.append(what)
      case .new: break
      }
    } else if before == nil, rules.isArray, change.after?.allSatisfy({ $0 == 0 }) == true {
      return
    }
    result.changes.append(change)
  }

  private func value(_ row: Int, with bytes: [UInt8], at offset: Int) -> [UInt8] {
    var value = Array(entries.table.value(row))
    guard offset >= 0, offset + bytes.count <= value.count else { return value }
    value.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    return value
  }

  /// A declared value against what was read; for per-CPU maps each possible CPU's must be it.
  private func isEqual(_ wanted: ArraySlice<UInt8>, _ observed: ArraySlice<UInt8>) -> Bool {
    guard rules.isPerCPU else { return wanted == observed }
    let stride = (wanted.count + 7) / 8 * 8
    guard stride > 0, observed.count % stride == 0 else { return false }
    return Swift.stride(from: observed.startIndex, to: observed.endIndex, by: stride).allSatisfy {
      observed[$0..<$0 + wanted.count] == wanted
    }
  }

  /// Below zero: the declared key comes first (or is the only one left).
  private func compareKeys(_ row: Int, _ contents: EntryTable, _ seen: Int) -> Int {
    if seen >= contents.count { return -1 }
    if row >= entries.table.count { return 1 }
    let size = entries.table.keySize
    let declared = entries.table.keys.span
    let observed = contents.keys.span
    for index in 0..<size {
      let a = declared[row * size + index]
      let b = observed[seen * size + index]
      if a != b { return a < b ? -1 : 1 }
    }
    return 0
  }
}
