internal import BPFObject

/// What a new map or program brings about: programs bound to a new map are loaded again, and where
/// an entry program and a program in the slots of its prog array both become new, so does the
/// array, and one swap of the link switches the whole pipeline.
struct Cascade {
  let situation: Situation

  /// "map.flows is replaced".
  static func reason(_ draft: Draft) -> String {
    draft.change.action == .create
      ? "\(draft.address) is created" : "\(draft.address) is replaced"
  }

  /// Runs until nothing new follows; each round replaces at least one resource.
  func spread(_ drafts: inout [Address: Draft]) {
    var changed = true
    while changed {
      changed = false
      for goal in situation.sortedGoals {
        guard let draft = drafts[goal.address], !draft.isNew, draft.change.liveID != nil,
          !goal.isExternal
        else { continue }
        let causes: [(reason: String, cause: Cause?)]
        switch goal.address {
        case .program(let ref):
          causes =
            newMaps(of: goal, drafts) + spent(ref) + newTarget(of: goal, drafts)
            + newExtensions(of: ref, drafts)
        case .map(let ref):
          causes =
            pipelineChange(ref, goal, drafts) + frozenEntries(goal, drafts)
            + newOperations(goal, drafts)
        case .attachment, .pin: causes = []
        }
        guard !causes.isEmpty else { continue }
        for (reason, cause) in causes {
          drafts[goal.address]?.become(.replace, because: reason, cause: cause)
        }
        changed = true
      }
    }
    for address in drafts.keys where drafts[address]?.isNew == true { settleNew(address, &drafts) }
  }

  private func newMaps(of goal: Goal, _ drafts: [Address: Draft]) -> [(String, Cause?)] {
    Set(goal.bindings.values).sorted().compactMap { ref in
      guard let map = drafts[.map(ref)], map.isNew else { return nil }
      return (Cascade.reason(map), map.cause)
    }
  }

  /// Before Linux 5.13 a program that is called through a trampoline was attached once in its life:
  /// for another link it has to be loaded again.
  private func spent(_ ref: String) -> [(String, Cause?)] {
    guard situation.host.isOlder(than: 5, 13) else { return [] }
    return situation.sortedGoals.compactMap { goal in
      guard case .attachment = goal.address, goal.programRef == ref,
        Hook(spec: goal.spec)?.kind.usesTrampoline == true,
        situation.ownership.liveLink(goal.address) == nil
      else { return nil }
      let reason = "\(goal.address) needs it anew: kernels before 5.13 attach such a program once"
      return (reason, situation.last(goal.address) == nil ? .config : .drift)
    }
  }

  /// An extension is loaded for the program whose function it takes the place of.
  private func newTarget(of goal: Goal, _ drafts: [Address: Draft]) -> [(String, Cause?)] {
    switch goal.program?.extends {
    case .program(let ref)?:
      guard let target = drafts[.program(ref)], target.isNew else { return [] }
      return [(Cascade.reason(target), target.cause)]
    case .pin(let path)?:
      let links = situation.observed.links.filter {
        $0.programID == drafts[goal.address]?.change.liveID
      }
      guard let pin = situation.ownership.pin(at: path),
        let was = links.lazy.compactMap(\.extendedProgramID).first, was != pin.id
      else { return [] }
      return [("another program is pinned at \(path)", .drift)]
    case nil: return []
    }
  }

  /// While an extension is attached no other can take its place. So a copy of the program gets the new
  /// one, and then the program's place; where a gap is allowed, the function is its own for a moment
  /// instead.
  private func newExtensions(of ref: String, _ drafts: [Address: Draft]) -> [(String, Cause?)] {
    let live = situation.ownership.liveProgram(ref)?.id
    return situation.extensions(of: ref).compactMap { goal in
      guard goal.attachment?.allowGap != true, let subject = goal.subject.flatMap({ drafts[$0] }),
        subject.isNew, let link = situation.ownership.liveLink(goal.address),
        link.extendedProgramID == nil || link.extendedProgramID == live
      else { return nil }
      return (
        "a copy of it gets \(subject.address), since one extension at a time replaces a function",
        subject.cause
      )
    }
  }

  /// A struct_ops map is filled once.
  private func newOperations(_ goal: Goal, _ drafts: [Address: Draft]) -> [(String, Cause?)] {
    Set(goal.map?.operations.values.map { $0 } ?? []).sorted().compactMap { ref in
      guard let program = drafts[.program(ref)], program.isNew else { return nil }
      return (Cascade.reason(program), program.cause)
    }
  }

  /// A prog array whose entry and tail programs change together, or whose programs become of
  /// another kind: an array stays bound to the type, attach type and frags of its first user.
  private func pipelineChange(
    _ ref: String, _ goal: Goal, _ drafts: [Address: Draft]
  ) -> [(String, Cause?)] {
    guard let map = goal.map, map.map.type == .progArray, map.onReplace != .refuse, !map.protect
    else { return [] }
    let slots = map.entries?.targets ?? []
    let bound = (situation.users[ref] ?? []).compactMap { drafts[$0] }
    let newTails = slots.filter { drafts[$0]?.isNew == true && drafts[$0]?.change.liveID != nil }
    let newEntries = bound.filter {
      $0.isNew && !slots.contains($0.address) && $0.change.liveID != nil
    }
    .map(\.address).sorted()
    if let tail = newTails.sorted().first, let entry = newEntries.first {
      let causes = [drafts[tail]?.cause, drafts[entry]?.cause].compactMap(\.self)
      return [("\(entry) and \(tail) change together", Comparison.combined(causes))]
    }
    let users = slots.union(bound.map(\.address)).sorted()
    for case let user? in users.map({ drafts[$0] }) where user.isNew {
      let changed = user.change.fields.first {
        ["type", "expected_attach_type", "flags"].contains($0.field) && $0.before != nil
      }
      if let changed { return [("\(changed.field) of \(user.address) changes", user.cause)] }
    }
    return []
  }

  /// What is in a frozen map cannot be changed.
  private func frozenEntries(_ goal: Goal, _ drafts: [Address: Draft]) -> [(String, Cause?)] {
    guard case .map(let ref) = goal.address, let live = situation.liveMap(ref), live.frozen == true,
      let result = EntryPlan(situation: situation, drafts: drafts, isForApply: true)
        .compare(goal, live)
    else { return [] }
    return result.changes.isEmpty
      ? [] : [("its contents change and it is frozen", EntryPlan.cause(goal, live, situation))]
  }

  /// What goes for every new object: the pin follows, in-place repairs of the old one fall away.
  private func settleNew(_ address: Address, _ drafts: inout [Address: Draft]) {
    guard var draft = drafts[address], let goal = draft.goal, let pin = goal.pin else { return }
    let kind: ObjectKind
    switch address {
    case .map: kind = .map
    case .program: kind = .program
    case .attachment, .pin: return
    }
    draft.tasks = [.createObject, .publishPin]
    PinComparison(
      situation: situation, address: address, desired: pin, last: draft.last, kind: kind,
      id: draft.change.liveID
    ).placeNew(in: &draft)
    if let map = goal.map {
      let rules = EntryRules(map.map.type)
      if map.entries?.targets.isEmpty == false || map.isFilledByOperations {
        draft.tasks.insert(.fillReferences)
      }
      // What was adopted stays what it was for those who made it.
      if rules.keepsItselfAlive && draft.change.liveID != nil && draft.change.adopts == nil {
        draft.tasks.insert(.clearReferences)
      }
      if draft.change.action == .replace, map.onReplace == .migrate, let id = draft.change.liveID {
        draft.tasks.insert(.migrate(source: id))
        // Not before it is filled.
        if map.freeze { draft.tasks.insert(.freeze) }
      }
    }
    drafts[address] = draft
  }
}

extension DesiredMap {
  /// A struct_ops map that a link registers has to be filled before. One without is registered by
  /// being filled, which is not done by itself.
  public var isFilledByOperations: Bool {
    map.structOps != nil && map.flags & StructOps.linkFlag != 0
  }
}
