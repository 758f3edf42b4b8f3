internal import BPFObject

/// What stands against a change although it could be done.
struct Guards {
  let situation: Situation

  func apply(to drafts: inout [Address: Draft]) {
    for address in drafts.keys.sorted() {
      guard var draft = drafts[address] else { continue }
      if case .map(let ref) = address {
        if draft.change.action == .replace { guardReplacement(ref, &draft) }
        if draft.change.action == .replace || draft.change.action == .delete {
          guardForeignUsers(&draft)
        }
      }
      if draft.change.action == .delete { guardProtection(&draft) }
      drafts[address] = draft
    }
    guardDeletes(&drafts)
  }

  // MARK: Maps

  private func guardReplacement(_ ref: String, _ draft: inout Draft) {
    guard let map = draft.goal?.map else { return }
    let why = draft.why ?? "it has to be replaced"
    if map.protect && map.onReplace != .migrate
      && !situation.options.unprotect.contains(draft.address)
    {
      draft.change.blocks.append(
        Block(
          code: "protected", message: "\(draft.address) is protected, and \(why)",
          hints: [
            "set protect: false on maps.\(ref)", "pass --unprotect \(draft.address)",
            "leave it as it is",
          ]))
    }
    switch map.onReplace {
    case .refuse:
      draft.change.blocks.append(
        Block(
          code: "replace-refused",
          message: "replacing \(draft.address) would lose what is in it: \(why)",
          hints: [
            map.map.type.isMigratable
              ? "set on_replace: migrate on maps.\(ref) to keep it, or recreate to lose it"
              : "set on_replace: recreate on maps.\(ref)", "leave it as it is",
          ]))
    case .migrate:
      MigrationPlan(situation: situation).judge(map, &draft)
    case .recreate:
      if let loss = loss(of: draft, map: map) { draft.change.consequences.append(loss) }
    }
  }

  private func loss(of draft: Draft, map: DesiredMap) -> String? {
    if map.isReadOnlyData || map.map.type == .progArray || map.entries?.policy == .exact {
      return nil
    }
    if let path = draft.change.adopts?.path {
      return "the map at \(path) stays as it is, and the new one starts without its contents"
    }
    return Guards.loss(of: draft.change.liveID.flatMap { situation.ownership.mapsByID[$0] })
  }

  static func loss(of map: ObservedMap?) -> String {
    guard let map else { return "its contents are lost" }
    if [.ringbuf, .userRingbuf, .perfEventArray].contains(map.type) {
      return "what has not been read from it is lost"
    }
    guard let contents = map.contents, !EntryRules(map.type).isArray else {
      return "its contents are lost"
    }
    return contents.count == 1
      ? "its 1 entry is lost" : "its \(contents.count) entries are lost"
  }

  private func guardForeignUsers(_ draft: inout Draft) {
    guard !situation.options.strandUsers, let id = draft.change.liveID else { return }
    let users = situation.observed.programs.filter {
      $0.mapIDs.contains(id) && !situation.ownership.owns(program: $0.id)
    }
    guard !users.isEmpty else { return }
    let names = users.map { situation.phrase(program: $0.id) }.sorted()
    draft.change.blocks.append(
      Block(
        code: "map-in-use",
        message:
          "programs that are not ours use \(draft.address): \(names.joined(separator: "; "))",
        hints: ["unload them first", "pass --strand-users to leave them with the old map"]))
  }

  // MARK: Deletes

  private func guardProtection(_ draft: inout Draft) {
    guard draft.last?.spec.flag("protect") == true,
      !situation.options.unprotect.contains(draft.address)
    else { return }
    draft.change.blocks.append(
      Block(
        code: "protected", message: "\(draft.address) was applied with protect: true",
        hints: [
          "pass --unprotect \(draft.address)", "apply it with protect: false first",
          "put it back into the manifest",
        ]))
  }

  private func guardDeletes(_ drafts: inout [Address: Draft]) {
    let deletes = drafts.values.filter { $0.change.action == .delete }.map(\.address).sorted()
    guard let first = deletes.first else { return }
    let options = situation.options
    let claimed = situation.ownership.claimedAddresses
    if !options.allowEmpty && !claimed.isEmpty && claimed.allSatisfy({ situation.goals[$0] == nil })
    {
      drafts[first]?.change.blocks.append(
        Block(
          code: "nothing-kept",
          message: "the plan keeps none of the \(claimed.count) resources of "
            + situation.ownership.owner,
          hints: ["check that this is the right manifest", "pass --allow-empty"]))
    }
    if let limit = options.maxDeletes, deletes.count > limit {
      drafts[first]?.change.blocks.append(
        Block(
          code: "too-many-deletes",
          message: "the plan deletes \(deletes.count) resources, and at most \(limit) are allowed",
          hints: ["pass --max-deletes \(deletes.count)"]))
    }
  }
}
