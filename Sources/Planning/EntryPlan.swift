internal import BPFObject

/// The entries of the manifest's maps, once it is known which programs and maps become new.
struct EntryPlan {
  let situation: Situation
  let drafts: [Address: Draft]
  /// false = nothing is going to be made: what refers to a live object is expected to show it.
  let isForApply: Bool

  func compare(_ goal: Goal, _ live: ObservedMap) -> EntryComparison.Result? {
    comparison(goal)?.compare(with: live.contents)
  }

  private func comparison(_ goal: Goal) -> EntryComparison? {
    guard let map = goal.map, let entries = map.entries else { return nil }
    return EntryComparison(
      map: map, entries: entries, last: situation.last(goal.address),
      slots: SlotText(situation: situation, drafts: drafts, type: map.map.type), resolve: resolve)
  }

  private func resolve(_ reference: EntryReference) -> EntryComparison.Target {
    switch reference {
    case .interface(let name, _):
      return situation.interfaceIndex(name).map { .bytes(hostBytes($0)) }
        ?? .missing("there is no interface \(name)")
    case .program, .map:
      guard let address = reference.address, let draft = drafts[address] else {
        return .missing("\(reference.address?.description ?? "") is not in the manifest")
      }
      guard !draft.isNew || !isForApply, let id = draft.change.liveID else { return .new(address) }
      return .bytes(hostBytes(id))
    }
  }

  /// The entries' part of a map's draft, and what a reader should know.
  func judge(_ draft: inout Draft, limitations: inout [String]) -> [Note] {
    guard let goal = draft.goal, case .map(let ref) = goal.address else { return [] }
    let live = situation.liveMap(ref)
    if draft.isNew && (isForApply || live == nil) {
      if isForApply { judgeNew(goal, live, &draft) }
      return []
    }
    guard let live else { return [] }
    guard let result = compare(goal, live) else {
      judgeRecorded(goal, live, &draft)
      return []
    }
    for what in Set(result.missing).sorted() { block(&draft, missing: what) }
    if result.isUnread { limitations.append("the entries of \(goal.address) were not read") }
    if !result.changes.isEmpty {
      let changes = EntryChanges(result.changes, notation: notation(goal))
      draft.change.entries = changes
      draft.become(
        .update, because: EntryPlan.words(changes), cause: cause(of: result.changes, goal, live))
      draft.tasks.insert(.changeEntries)
    }
    guard result.evicted > 0 else { return [] }
    return [
      Note(
        code: "evicted", address: goal.address,
        message:
          "\(counted(result.evicted, "entry", "entries")) that were applied have been evicted")
    ]
  }

  private func notation(_ goal: Goal) -> EntryNotation {
    guard let map = goal.map else { return EntryNotation() }
    let wasSensitive = situation.last(goal.address)?.spec.flag("sensitive") ?? false
    return EntryNotation(map, isSensitive: wasSensitive || goal.spec.flag("sensitive"))
  }

  /// What a new map begins with; of one that takes another's place, what will be different in it.
  private func judgeNew(_ goal: Goal, _ live: ObservedMap?, _ draft: inout Draft) {
    guard let comparison = comparison(goal) else { return }
    let entries = comparison.entries
    for name in entries.interfaceNames.sorted() {
      if case .missing(let what) = resolve(.interface(name, offset: 0)) {
        block(&draft, missing: what)
      }
    }
    let notation = notation(goal)
    var changes: EntryChanges
    if draft.change.action == .replace, let live {
      changes = EntryChanges(comparison.compare(with: live.contents).changes, notation: notation)
    } else if notation.isData {
      // Global variables that nobody set begin as zeros.
      guard entries.table.values.contains(where: { $0 != 0 }) else { return }
      changes = EntryChanges(comparison.creation(limit: 1), notation: notation)
      guard changes.isNamed else { return }
    } else {
      changes = EntryChanges(
        comparison.creation(limit: EntryChanges.listed), notation: notation)
      changes.omitted = max(0, entries.table.count - EntryChanges.listed)
    }
    if !changes.changes.isEmpty { draft.change.entries = changes }
  }

  /// Without the declared entries, the digest of what was applied tells whether they are there.
  private func judgeRecorded(_ goal: Goal, _ live: ObservedMap, _ draft: inout Draft) {
    judgeMerged(goal, live, &draft)
    guard case .recorded = goal.source, let digest = goal.spec["entries.digest"],
      goal.spec["entries.policy"] == "exact", goal.spec["entries.values"] == nil,
      !EntryRules(live.type).keepsItselfAlive, let contents = live.contents,
      let observed = live.type == .progArray || live.type.isMapOfMaps
        ? slotDigest(contents, live.type)
        : contents.observedDigest(type: live.type, valueSize: Int(live.valueSize)),
      digest != .text(observed)
    else { return }
    draft.add([
      FieldDifference(
        field: "entries.digest", before: .text(observed), after: digest, cause: .drift)
    ])
    draft.become(
      .update,
      because: "its entries are not those that were applied (\(EntryPlan.howToSee(situation)))")
  }

  /// The digest that a declaration of what is in the slots would have.
  private func slotDigest(_ contents: EntryTable, _ type: MapType) -> String? {
    guard contents.valueSize == 4 else { return nil }
    var references: [[UInt8]: [EntryReference]] = [:]
    for row in 0..<contents.count {
      let id = hostNumber(contents.value(row))
      var reference: EntryReference =
        type == .progArray ? .program("#\(id)", offset: 0) : .map("#\(id)")
      for (address, draft) in drafts where draft.change.liveID == id {
        switch (address, type) {
        case (.program(let ref), .progArray): reference = .program(ref, offset: 0)
        case (.map(let ref), _) where type != .progArray: reference = .map(ref)
        default: break
        }
      }
      references[Array(contents.key(row))] = [reference]
    }
    let table = EntryTable(
      keySize: contents.keySize, valueSize: 4, keys: contents.keys,
      values: [UInt8](repeating: 0, count: contents.values.count))
    return DesiredEntries(policy: .exact, table: table, references: references).digest(for: type)
  }

  /// Digests tell that entries differ, and only the manifest which.
  private static func howToSee(_ situation: Situation) -> String {
    let path = situation.ownership.inventory?.manifestPath ?? ""
    let name = path.isEmpty ? "" : ", \(path),"
    return "to see which, run drift with the manifest\(name) that they were applied from"
  }

  /// Of merged entries the keys are known: they have to be there still, unless the map evicts.
  private func judgeMerged(_ goal: Goal, _ live: ObservedMap, _ draft: inout Draft) {
    guard case .recorded = goal.source, let contents = live.contents,
      let keys = draft.last?.mergedKeys, !EntryRules(live.type).evicts
    else { return }
    let there = Set((0..<contents.count).map { Digest.hex(hash: contents.key($0)) })
    let missing = keys.filter { !there.contains($0) }.count
    guard missing > 0 else { return }
    draft.add([
      FieldDifference(
        field: "entries", before: .text("\(keys.count - missing) of those applied"),
        after: .text(counted(keys.count, "entry", "entries")), cause: .drift)
    ])
    draft.become(
      .update,
      because: "\(counted(missing, "applied entry", "applied entries")) missing "
        + "(\(EntryPlan.howToSee(situation)))")
  }

  private func block(_ draft: inout Draft, missing: String) {
    let block = Block(
      code: "missing-target", message: "\(missing), which an entry of \(draft.address) names",
      hints: ["create it first", "remove the entry"])
    if !draft.change.blocks.contains(block) { draft.change.blocks.append(block) }
  }

  /// A slot whose target becomes new differs for the target's reason; all others for their own.
  private func cause(of changes: [EntryChange], _ goal: Goal, _ live: ObservedMap) -> Cause? {
    var causes: [Cause] = []
    for change in changes {
      if let target = change.target.flatMap({ drafts[$0.address] }), target.isNew,
        let before = change.before,
        let id = target.change.liveID, before.firstRange(of: hostBytes(id)) != nil
      {
        if let cause = target.cause { causes.append(cause) }
      } else {
        causes.append(EntryPlan.cause(goal, live, situation))
        break
      }
    }
    return Comparison.combined(causes)
  }

  /// Who made the entries differ: what was declared is known by digest, what is there too for
  /// `exact`.
  static func cause(_ goal: Goal, _ live: ObservedMap, _ situation: Situation) -> Cause {
    guard let last = situation.last(goal.address)?.spec["entries.digest"] else { return .config }
    let desired = goal.spec["entries.digest"]
    if last == desired { return .drift }
    guard goal.map?.entries?.references.isEmpty == true,
      let observed = live.contents?.observedDigest(
        type: live.type, valueSize: Int(live.valueSize),
        mask: goal.map?.valueMask
      ).map(SpecValue.text),
      goal.spec["entries.policy"] == "exact"
    else { return .config }
    return Comparison.cause(desired: desired, observed: observed, last: last)
  }

  static func words(_ changes: EntryChanges) -> String {
    let counts = changes.counts
    let (one, many) = changes.notation.isData ? ("variable", "variables") : ("entry", "entries")
    return [
      (counts.added, "missing"), (counts.changed, "different"), (counts.removed, "too many"),
    ].filter { $0.0 > 0 }.map { "\(counted($0.0, one, many)) \($0.1)" }.joined(separator: ", ")
  }
}

func counted(_ count: Int, _ one: String, _ many: String) -> String {
  "\(count) \(count == 1 ? one : many)"
}
