internal import BPFObject

/// Whether and how a map that is replaced keeps its contents.
struct MigrationPlan {
  let situation: Situation

  /// Says what is carried over and what is not; blocks what cannot be done.
  func judge(_ map: DesiredMap, _ draft: inout Draft) {
    guard let id = draft.change.liveID, let live = situation.ownership.mapsByID[id] else { return }
    let conversion = ValueConversion(from: live, last: draft.last, to: map)
    let problems = problems(map, live) + conversion.problems
    guard problems.isEmpty else {
      draft.change.blocks.append(
        Block(
          code: "migration-impossible",
          message: "the contents of \(draft.address) cannot be carried over: "
            + problems.joined(separator: "; "),
          hints: [
            "set on_replace: recreate on maps.\(map.ref) to lose them", "leave it as it is",
          ]))
      return
    }
    let sleepable = (situation.users[map.ref] ?? []).filter {
      (situation.goals[$0]?.program?.image.flags ?? 0) & MigrationPlan.sleepable != 0
    }
    draft.change.migration = MapMigration(
      source: id, fields: conversion.fields, sums: map.sums, unguarded: sleepable.sorted())
    draft.change.consequences += consequences(map, live, draft.change.migration)
    draft.change.consequences += lingering(map.ref)
  }

  /// Old programs that no call takes off their hook: they go with the last reference to their link,
  /// which an apply holds until its end so that it can be undone.
  private func lingering(_ ref: String) -> [String] {
    let users = Set(situation.users[ref] ?? [])
    return situation.sortedGoals.compactMap { goal in
      guard let hook = goal.attachment?.hook, !hook.kind.leavesAtOnce,
        let program = goal.programRef, users.contains(.program(program))
      else { return nil }
      return
        "\(goal.address) runs its old program until the apply ends: what that writes after the "
        + "contents were carried over is missed"
    }
  }

  /// What an interrupted apply left to be merged, if it is still there.
  func complete(_ draft: inout Draft) {
    guard case .map = draft.address, draft.goal?.isExternal == false,
      let live = draft.change.liveID, !draft.isNew || draft.change.migration != nil
    else { return }
    for unfinished in situation.ownership.unfinishedMigrations(draft.address, into: live) {
      draft.become(.update, because: "an interrupted migration is completed")
      draft.tasks.insert(.completeMigration(unfinished))
      guard unfinished.base == nil else { continue }
      draft.change.consequences.append(
        "what the interrupted apply had carried over is not known any more: keys that are missing are "
          + "added, and sums may lack something")
    }
  }

  /// BPF_F_SLEEPABLE.
  private static let sleepable: UInt32 = 1 << 4

  private func problems(_ map: DesiredMap, _ live: ObservedMap) -> [String] {
    var problems: [String] = []
    guard live.type.isMigratable, map.map.type.isMigratable else {
      let type = live.type.isMigratable ? map.map.type : live.type
      return ["\(type.withArticle) cannot be read and written entry by entry"]
    }
    if live.type.migrationFamily != map.map.type.migrationFamily {
      problems.append("\(live.type.withArticle) does not become \(map.map.type.withArticle)")
    }
    if live.keySize != map.map.keySize {
      problems.append("its keys have \(live.keySize) bytes and would have \(map.map.keySize)")
    }
    let closed = map.map.flags & (1 << 3 | 1 << 4)
    if closed != 0 {
      problems.append(
        "with \(KernelNormalisation.flagNames(closed).joined(separator: ", ")) "
          + "user space may not copy it")
    }
    if let entries = map.entries, entries.policy == .exact, entries.enforceValues {
      problems.append("all that it may hold is declared")
    }
    return problems
  }

  private func consequences(
    _ map: DesiredMap, _ live: ObservedMap, _ migration: MapMigration?
  ) -> [String] {
    guard let migration else { return [] }
    let isData = map.map.data != nil
    var lines = [
      isData
        ? "its variables keep their values"
        : "its entries are carried over; what changes while programs are swapped is merged"
    ]
    let isChanged = migration.fields.contains { $0.fate != .kept }
    let words: [(ValueConversion.Fate, String)] = [
      (.kept, "kept"), (.widened, "made wider"),
      (.defaulted, isData ? "as in the object" : "zero at first"), (.dropped, "lost"),
    ]
    for (fate, what) in words where isChanged {
      let fields = migration.fields.filter { $0.fate == fate }
      guard !fields.isEmpty else { continue }
      let names = fields.prefix(20).map { fate == .kept ? $0.name : "\($0.name) (\($0.types))" }
      let more = fields.count > 20 ? " and \(fields.count - 20) more" : ""
      lines.append("\(what): \(names.joined(separator: ", "))\(more)")
    }
    lines.append(
      "for a moment old programs write to the old map and new ones to the new: "
        + (map.sums.isEmpty
          ? "of what both write, the new map's value stays"
          : "\(map.sums.joined(separator: ", ")) \(map.sums.count == 1 ? "is" : "are") summed up, "
            + "of the rest the new map's value stays"))
    if map.map.maxEntries < live.maxEntries {
      lines.append(
        [3, 4, 7].contains(live.type.migrationFamily ?? 0)
          ? "its elements from \(map.map.maxEntries) on are lost"
          : "with more than \(map.map.maxEntries) entries the apply stops before it changes anything"
      )
    }
    if !map.map.type.isMergedAtOnce(valueSize: Int(map.map.valueSize))
      || situation.host.missing.contains(.mergePrograms)
    {
      lines.append(
        "if the apply is killed in between, no key is lost, but what was written since the contents "
          + "were copied may be: they are not merged by a program")
    }
    if EntryRules(live.type).isPerCPU, !map.sums.isEmpty {
      lines.append("sums of values for each CPU may miss what is written in the same instant")
    }
    for program in migration.unguarded {
      lines.append("\(program) may sleep: what it writes after the swap can be missed")
    }
    return lines
  }
}
