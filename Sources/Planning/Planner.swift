internal import BPFObject

/// What would make the observed state the desired one.
///
/// Pure: the same two sides give the same plan, to the byte and in whatever order they list things.
/// Every resource is compared by itself, what is new spreads to what depends on it, then entries,
/// links and pins are settled, then guards speak; the steps come last.
public func plan(
  _ desired: DesiredState, _ observed: ObservedState, options: PlanOptions = PlanOptions()
) -> Plan {
  let desired = desired.resolved(for: observed).keepingProtection(of: observed)
  let ownership = Ownership(
    owner: desired.owner, root: desired.root, observed: observed.sorted, desired: desired)
  var situation = Situation(
    ownership: ownership, goals: Goal.all(of: desired), options: options)
  situation.selected = Set(desired.templates.map(\.name))
  return Derivation(situation: situation, isForApply: true).plan(end: .writeFinal)
}

/// What would take away everything that the owner has, the inventory last.
public func planDestroy(
  owner: String, root: String, _ observed: ObservedState, options: PlanOptions = PlanOptions()
) -> Plan {
  var options = options
  options.allowEmpty = true
  let ownership = Ownership(owner: owner, root: root, observed: observed.sorted)
  var situation = Situation(ownership: ownership, goals: [:], options: options)
  situation.isDestroy = true
  return Derivation(situation: situation, isForApply: true).plan(end: .removeInventory)
}

/// The kernel against what was last applied: a plan without steps whose changes are what somebody
/// else did. Without an inventory of this boot there is nothing to compare, and `limitations` says
/// so.
///
/// The inventory has digests of entries only; with the `manifest` that they were applied from, the
/// differing ones are listed.
public func drift(
  owner: String, root: String, _ observed: ObservedState, manifest: DesiredState? = nil
) -> Plan {
  let ownership = Ownership(owner: owner, root: root, observed: observed.sorted)
  let situation = Situation(
    ownership: ownership, goals: Goal.all(of: ownership, manifest: manifest),
    options: PlanOptions())
  var plan = Derivation(situation: situation, isForApply: false).plan(end: .writeFinal)
  plan.steps = []
  if ownership.inventory == nil {
    plan.limitations.append("\(owner) has not been applied since the host started")
  }
  return plan
}

private struct Derivation {
  let situation: Situation
  /// Changes are meant to be made: they spread, what is not wanted goes, guards have a say. false =
  /// only compare.
  let isForApply: Bool

  private var ownership: Ownership { situation.ownership }

  func plan(end: Step) -> Plan {
    var plan = Plan(owner: ownership.owner)
    plan.limitations = situation.observed.limitations
    let prune = Prune(situation: situation)
    var drafts = objects()
    let orders = HookOrders(situation)
    if isForApply {
      orders.copyPrograms(&drafts)
      Cascade(situation: situation).spread(&drafts)
      let migration = MigrationPlan(situation: situation)
      for (address, var draft) in drafts {
        migration.complete(&draft)
        drafts[address] = draft
      }
    }
    plan.notes += entries(&drafts, limitations: &plan.limitations)
    plan.notes += attachments(&drafts, orders)
    pins(&drafts)
    let moves = MoveHints(situation: situation)
    moves.mark(&drafts)
    if isForApply {
      if plan.limitations.isEmpty || end == .removeInventory {
        for draft in prune.drafts() { drafts[draft.address] = draft }
      } else {
        plan.notes += prune.kept
        for draft in prune.given { drafts[draft.address] = draft }
      }
      moves.refuseTaken(&drafts)
      plan.notes += prune.unknownPins
    }
    if isForApply { Guards(situation: situation).apply(to: &drafts) }
    // Addresses are sorted and not drafts, which are much larger.
    let sorted = drafts.keys.sorted().compactMap { drafts[$0] }
    plan.changes = sorted.map(\.settled)
    let stale = recordIsStale(sorted, end: end)
    plan.steps = StepOrder(
      drafts: drafts, leftovers: prune.leftovers, root: ownership.root
    ).steps(end: end, isRecordStale: stale != nil)
    if let stale, plan.changes.allSatisfy({ $0.action == .unchanged }) {
      plan.notes.append(Note(code: "inventory", message: stale))
    }
    plan.notes += moves.notes(sorted) + mixedGenerations(sorted)
    if !prune.leftovers.isEmpty {
      plan.notes.append(
        Note(
          code: "leftovers",
          message:
            "an interrupted apply left \(counted(prune.leftovers.count, "pin", "pins")) behind"
        ))
    }
    plan.fingerprint = Fingerprint.of(ownership.owner, sorted)
    return plan
  }

  /// Maps and programs, each by itself.
  private func objects() -> [Address: Draft] {
    var drafts: [Address: Draft] = [:]
    for goal in situation.sortedGoals {
      switch goal.address {
      case .map(let ref):
        drafts[goal.address] =
          goal.isExternal
          ? ExternalMap(situation: situation, goal: goal, ref: ref).draft()
          : MapComparison(situation: situation, goal: goal, ref: ref).draft()
      case .program(let ref):
        drafts[goal.address] =
          ProgramComparison(situation: situation, goal: goal, ref: ref).draft()
      case .attachment, .pin: break
      }
    }
    return drafts
  }

  private func entries(
    _ drafts: inout [Address: Draft], limitations: inout [String]
  ) -> [Note] {
    var notes: [Note] = []
    let plan = EntryPlan(situation: situation, drafts: drafts, isForApply: isForApply)
    for goal in situation.sortedGoals {
      guard case .map = goal.address, !goal.isExternal, var draft = drafts[goal.address] else {
        continue
      }
      notes += plan.judge(&draft, limitations: &limitations)
      drafts[goal.address] = draft
    }
    return notes
  }

  private func attachments(
    _ drafts: inout [Address: Draft], _ orders: HookOrders
  ) -> [Note] {
    var notes: [Note] = []
    for goal in situation.sortedGoals {
      guard case .attachment = goal.address, let hook = Hook(spec: goal.spec) else { continue }
      let comparison = AttachmentComparison(
        situation: situation, goal: goal, hook: hook,
        program: goal.subject.flatMap { drafts[$0] },
        target: hook.target?.address.flatMap { drafts[$0] },
        order: orders.verdict(on: goal.address, at: hook))
      var draft = comparison.draft()
      notes += comparison.judgeForeigners(&draft)
      if isForApply { notes += comparison.order?.notes ?? [] }
      drafts[goal.address] = draft
    }
    return notes
  }

  private func pins(_ drafts: inout [Address: Draft]) {
    for goal in situation.sortedGoals {
      guard case .pin = goal.address, let target = goal.spec.text("target").flatMap(Address.init)
      else { continue }
      drafts[goal.address] = ExtraPinComparison(
        situation: situation, goal: goal, target: target, targetDraft: drafts[target]
      ).draft()
    }
  }

  /// A swap is atomic per hook; of several hooks some run the new programs first.
  private func mixedGenerations(_ drafts: [Draft]) -> [Note] {
    let swaps = drafts.filter { draft in
      draft.tasks.contains { if case .updateLink = $0 { true } else { false } }
    }
    guard swaps.count > 1 else { return [] }
    return [
      Note(
        code: "mixed-generations",
        message: "\(swaps.count) hooks are swapped one after the other: for a moment old and new "
          + "programs run side by side")
    ]
  }

  /// Why the inventory has to be written although nothing else is to be done; nil = it is right.
  private func recordIsStale(_ drafts: [Draft], end: Step) -> String? {
    guard let inventory = ownership.inventory else {
      if end == .removeInventory { return situation.observed.inventory == nil ? nil : "it goes" }
      return drafts.isEmpty ? nil : "there is no valid inventory: what is there is recorded anew"
    }
    if end == .removeInventory { return "the inventory is all that is left" }
    if inventory.state == .intent { return "an apply was interrupted: the inventory is completed" }
    for draft in drafts {
      guard let goal = draft.goal, !goal.isExternal else { continue }
      let current = inventory.resources[draft.address]?.current
      if current?.spec != goal.spec || current?.id != draft.change.liveID {
        return "the inventory is out of date: what is there is recorded anew"
      }
    }
    return nil
  }
}

extension ObservedState {
  /// Lists in a definite order, whatever order they were found in.
  fileprivate var sorted: ObservedState {
    var state = self
    state.maps.sort { $0.id < $1.id }
    state.programs.sort { $0.id < $1.id }
    state.links.sort { $0.id < $1.id }
    state.pins.sort { $0.path < $1.path }
    state.interfaces.sort { $0.index < $1.index }
    return state
  }
}
