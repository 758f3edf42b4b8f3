internal import BPFObject

/// An attachment: the link, where it is, what it runs, and who else is there.
///
/// `attached` is a field of the comparison only: desired is always true, and what is observed joins
/// link info with the hook's query.
struct AttachmentComparison {
  let situation: Situation
  let goal: Goal
  let hook: Hook
  /// The draft of what is attached, a program or the map of struct_ops; nil for one that the manifest
  /// does not have.
  let program: Draft?
  /// The draft of the map or program that the hook is on.
  var target: Draft?
  /// nil where nobody asks for an order.
  let order: OrderVerdict?

  var kind: HookKind { hook.kind }
  var ownership: Ownership { situation.ownership }
  private var last: AppliedResource? { situation.last(goal.address) }
  var place: ObservedHook? { ownership.hook(hook) }
  /// What stands there is known, by a query or otherwise.
  var isListed: Bool { kind.isQueryable || place?.isListed == true }

  static func cost(_ field: String) -> Comparison.Cost {
    switch field {
    case "program", "map", AttachmentComparison.foreignField: .inPlace
    // That of a link which stands in its place is remembered; else it is attached anew.
    case "exclusive", AttachmentOrder.field: .recorded
    case _ where field.hasPrefix("pin."): .inPlace
    default: .replacement
    }
  }

  static let foreignField = "foreign programs"

  func draft() -> Draft {
    var draft = Draft(goal.address, goal: goal, last: last)
    if let missing = place?.missing { block(&draft, missing: missing) }
    if let conflict = situation.conflict(of: goal) { draft.change.blocks.append(conflict) }
    if let block = order?.block { draft.change.blocks.append(block) }
    draft.change.neighbours = order?.neighbours
    situation.adopt(&draft)
    if let link = ownership.liveLink(goal.address) {
      compare(link, &draft)
    } else if goal.attachment?.adopt == .legacy, ownership.isFree(goal.address, .link) {
      adoptLegacy(&draft)
    } else {
      if case .pin(let path)? = goal.attachment?.adopt {
        situation.refuseMissing(path, .link, &draft)
      }
      draft.become(.create, because: last == nil ? nil : "its \(linkWord) is gone" + whatIsMissing)
      draft.add(Comparison.creation(of: goal.spec, last: last?.spec))
      attachAnew(&draft, old: nil)
      pinComparison(nil)?.placeNew(in: &draft)
    }
    for stray in ownership.strayFilters(of: goal.address) {
      draft.become(
        .update, because: "an interrupted apply left a filter at \(stray.filter?.place ?? "")")
      draft.tasks.insert(.detach(link: stray.id))
    }
    return draft
  }

  // MARK: What is there

  private func compare(_ link: ObservedLink, _ draft: inout Draft) {
    draft.change.liveID = link.id
    let pin = pinComparison(link.id)
    var desired = goal.spec
    desired["attached"] = true
    var lastSpec = last?.spec
    lastSpec?["attached"] = true
    let observed = observation(link, pin).completed(desired: desired, last: lastSpec)
    // What the kernel chose was as applied.
    if lastSpec?["mode"] == .text(XDPMode.auto.rawValue) { lastSpec?["mode"] = observed["mode"] }
    // Where it stands was right until now.
    if order?.wasMisplaced == false {
      lastSpec?[AttachmentOrder.field] = observed[AttachmentOrder.field]
    }
    draft.observed = observed
    var differences = Comparison.differences(
      desired: desired, observed: observed, last: lastSpec, cost: AttachmentComparison.cost)
    let isElsewhere = hook.mapRef != nil
    for (index, difference) in differences.enumerated() {
      switch difference.field {
      case "program": differences[index].forcesReplacement = !canSwap(link)
      case "map": differences[index].forcesReplacement = isElsewhere || !canSwap(link)
      default: break
      }
    }
    if let verdict = order, verdict.whereabouts != nil,
      let index = differences.firstIndex(where: { $0.field == AttachmentOrder.field })
    {
      differences[index].forcesReplacement = true
      if !verdict.askers.isEmpty {
        let askers = verdict.askers.map(\.description).joined(separator: " and ")
        differences[index].after = .text("as \(askers) asks for")
      }
    }
    differences = pin?.withoutAdopted(differences) ?? differences
    pin?.adopt(in: &draft)
    draft.add(differences)
    if draft.change.adopts != nil, observed["attached"] != true {
      refuseElsewhere(link, &draft)
      return
    }
    let isProgramNew = program?.isNew == true
    let needsNewLink =
      differences.contains(where: \.forcesReplacement) || isProgramNew && !canSwap(link)
      || isOnNewTarget
    for difference in differences {
      draft.become(
        needsNewLink ? .replace : .update,
        because: pin?.reason(for: difference) ?? reason(for: difference, link))
    }
    if isProgramNew, let program {
      draft.become(
        needsNewLink ? .replace : .update, because: Cascade.reason(program), cause: program.cause)
    }
    if isOnNewTarget, let target {
      draft.become(.replace, because: Cascade.reason(target), cause: target.cause)
    }
    if needsNewLink {
      attachAnew(&draft, old: link, wasAttached: observed["attached"] == true)
      pin?.placeNew(in: &draft)
    } else {
      if isProgramNew || differences.contains(where: { $0.field == "program" || $0.field == "map" })
      {
        draft.tasks.insert(.updateLink(link: link.id, expectedProgram: link.subjectID))
      }
      pin?.repair(differences, in: &draft)
    }
  }

  private func observation(_ link: ObservedLink, _ pin: PinComparison?)
    -> Comparison.Observation
  {
    let pins = pin?.observation ?? .init(seen: Spec(), unseen: [])
    var seen = pins.seen
    var unseen = pins.unseen.union(Hook.fieldNames).union(["cookie", "exclusive"])
    if let whereabouts = order?.whereabouts {
      seen[AttachmentOrder.field] = .text(whereabouts)
    } else {
      unseen.insert(AttachmentOrder.field)
    }
    if let filter = link.filter, hook.filter != nil {
      // Its place is its identity.
      seen = seen.adding(filter.spec)
      unseen.subtract(filter.spec.fields.keys)
    }
    let isAttached = isAttached(link)
    seen["attached"] = .bool(isAttached)
    if case .structOps = hook {
      seen["map"] = observedMap(link)
      unseen.remove("map")
    } else if let runs = observedProgram(link) {
      seen["program"] = runs
    } else {
      unseen.insert("program")
    }
    if case .xdp(_, let mode) = hook, isAttached {
      unseen.remove("mode")
      // `auto` is whatever the kernel chose.
      let observed = place?.xdpMode ?? mode
      seen["mode"] = .text((mode == .auto ? mode : observed).rawValue)
    }
    return .init(seen: seen, unseen: unseen)
  }

  /// Whether the link does its work where it was put.
  private func isAttached(_ link: ObservedLink) -> Bool {
    guard link.isAttached else { return false }
    // A link on the hook of before is judged by itself; that it has to move is another field.
    if let applied = last.flatMap({ Hook(spec: $0.spec) }), !applied.isSamePlace(as: hook) {
      return true
    }
    guard let place, place.missing == nil else { return place == nil }
    guard !isListed else {
      return link.isOn(hook, targetID: place.targetID)
        && place.occupants.contains {
          $0.linkID.map { $0 == link.id } ?? ($0.programID == link.programID)
        }
    }
    return link.isOn(hook, targetID: place.targetID)
  }

  /// What the link runs, by the REF where it is one of ours; nil = nothing to say against it.
  private func observedProgram(_ link: ObservedLink) -> SpecValue? {
    guard let ref = goal.programRef else { return nil }
    let applied = last?.spec.text("program")
    for candidate in [ref, applied].compactMap(\.self)
    where ownership.liveProgram(candidate)?.id == link.programID { return .text(candidate) }
    // A program that was made for this link and is now nobody's is the one that was applied.
    return .text(situation.phrase(program: link.programID))
  }

  private var isOnNewTarget: Bool { target?.isNew == true }

  /// The map of a struct_ops link, by the REF where it is one of ours.
  private func observedMap(_ link: ObservedLink) -> SpecValue {
    let refs = [goal.spec.text("map"), last?.spec.text("map")].compactMap(\.self)
    for ref in refs where ownership.liveMap(ref)?.id == link.subjectID { return .text(ref) }
    return .text("another map")
  }

  // MARK: What it takes

  /// LINK_UPDATE wants the same type; that the expected attach type is the same we require
  /// ourselves, since the kernel does not for cgroups.
  private func canSwap(_ link: ObservedLink) -> Bool {
    guard kind.updatesInPlace else { return false }
    if case .structOps = hook { return true }
    guard (hook.filter == nil) == (link.filter == nil) else { return false }
    guard let goal = program?.goal else { return true }
    if let running = ownership.programsByID[link.programID],
      goal.spec["type"] != .text(running.type.description)
    {
      return false
    }
    if hook.filter != nil { return true }
    guard let observed = program?.observed, program?.change.liveID == link.programID else {
      return true
    }
    return observed["expected_attach_type"] == goal.spec["expected_attach_type"]
  }

  /// A new link: beside the old one where the hook takes both, otherwise through a gap.
  private func attachAnew(_ draft: inout Draft, old: ObservedLink?, wasAttached: Bool = false) {
    if goal.pin != nil {
      draft.tasks.insert(.publishPin)
    } else if let path = last?.spec.text("pin.path"), let pin = ownership.pin(at: path),
      ownership.claims(pin)
    {
      draft.tasks.insert(.removePin(path: path))
    }
    refuseWhatIsLacking(&draft)
    noteForeigners(&draft)
    if let taken = outgoingOccupant {
      throughGap(&draft, old: taken.id, allowed: goal.attachment?.allowGap ?? true)
      return
    }
    guard let old, wasAttached else {
      draft.tasks.insert(.createLink)
      if let old, old.isAttached { draft.tasks.insert(.detach(link: old.id)) }
      return
    }
    let applied = old.filter.map(Hook.filter) ?? last.flatMap { Hook(spec: $0.spec) } ?? hook
    let isSamePlace = applied.isSamePlace(as: hook) && !isOnNewTarget
    let collides =
      isSamePlace
      && (kind.holdsOne || kind.refusesSameProgramTwice && program?.isNew != true)
    if collides {
      throughGap(&draft, old: old.id, allowed: goal.attachment?.allowGap ?? true)
    } else {
      draft.tasks.formUnion([.createLink, .detach(link: old.id)])
      if isSamePlace {
        draft.change.consequences.append("the old and the new link both run for a moment")
      }
    }
  }

  /// What the kernel cannot do is said in the plan, not by a call that fails in the middle.
  private func refuseWhatIsLacking(_ draft: inout Draft) {
    for feature in goal.attachment?.needs ?? hook.needs
    where situation.host.missing.contains(feature) {
      draft.change.blocks.append(
        Block(
          code: "kernel-lacks",
          message: "this kernel (\(situation.host.kernelRelease)) has no \(feature.phrase), which "
            + "\(hook.phrase) needs", hints: [feature.wayOut]))
    }
  }

  private func throughGap(_ draft: inout Draft, old: UInt32, allowed: Bool) {
    draft.tasks.insert(.recreateLink(link: old))
    noteGap(&draft, allowed: allowed)
  }

  private func noteGap(_ draft: inout Draft, allowed: Bool) {
    draft.change.leavesGap = true
    draft.change.consequences.append(hook.family.gap)
    guard !allowed else { return }
    var hints = ["set allow_gap: true on attachments.\(name)"]
    if case .netfilter = hook { hints.append("choose a neighbouring priority that is free") }
    draft.change.blocks.append(
      Block(
        code: "gap-not-allowed",
        message: "the kernel cannot swap this at \(hook.phrase) without a moment of an empty hook",
        hints: hints))
  }

  /// Our own link on a hook that holds one, of an attachment that goes.
  private var outgoingOccupant: ObservedLink? {
    guard kind.holdsOne else { return nil }
    return (situation.outgoing[hook.spot] ?? []).lazy.compactMap { ownership.liveLink($0) }
      .first(where: \.isAttached)
  }

  // MARK: Adoption

  /// A link that is somewhere else cannot become the link of this attachment.
  private func refuseElsewhere(_ link: ObservedLink, _ draft: inout Draft) {
    let path = draft.change.adopts?.path ?? ""
    draft.change.blocks.append(
      Block(
        code: "adopt-elsewhere",
        message: link.isAttached
          ? "the link at \(path) (\(link.type)) is not on \(hook.phrase)"
          : "the link at \(path) is detached",
        hints: ["correct adopt: of attachments.\(name)", "remove adopt: to attach it anew"]))
  }

  /// The program that stands there without a link goes, and a link takes its place.
  private func adoptLegacy(_ draft: inout Draft) {
    if let filter = hook.filter { return adoptFilter(filter, &draft) }
    let legacy = LegacyAdoption(
      situation: situation, address: goal.address, hook: hook, place: place,
      programRef: goal.programRef)
    let old: UInt32
    switch legacy.found {
    case .one(let program): old = program
    case .none: return draft.change.blocks.append(legacy.block([]))
    case .several(let programs): return draft.change.blocks.append(legacy.block(programs))
    }
    let adoption = Adoption(kind: .program, id: old, path: nil)
    draft.change.adopts = adoption
    situation.refuseOthers(adoption, at: nil, &draft)
    draft.become(.replace, because: "what is attached without a link becomes a link")
    draft.add([
      FieldDifference(
        field: "attached", before: "without a link", after: "by a link", cause: .config,
        forcesReplacement: true)
    ])
    let runs = goal.programRef.flatMap { ref in
      ownership.liveProgram(ref)?.id == old && program?.isNew != true ? SpecValue.text(ref) : nil
    }
    if runs == nil {
      draft.add([
        FieldDifference(
          field: "program", before: .text(situation.phrase(program: old)),
          after: goal.programRef.map(SpecValue.text), cause: .config)
      ])
    }
    let gap = legacy.needsGap(old, isProgramNew: runs == nil)
    draft.tasks.formUnion([
      .createLink, .publishPin, .detachLegacy(program: old, first: gap),
    ])
    if gap { noteGap(&draft, allowed: goal.attachment?.allowGap ?? true) }
    pinComparison(nil)?.placeNew(in: &draft)
  }

  // MARK: Words

  private var linkWord: String { hook.filter == nil ? "link" : "filter" }

  var name: String {
    if case .attachment(let name, _) = goal.address { name } else { goal.address.description }
  }

  private func block(_ draft: inout Draft, missing: String) {
    draft.change.blocks.append(
      Block(
        code: "missing-target", message: "\(goal.address) has no place: \(missing)",
        hints: ["create it first", "remove attachments.\(name) or name another target"]))
  }

  private func reason(for difference: FieldDifference, _ link: ObservedLink) -> String {
    switch difference.field {
    case "attached":
      link.isAttached && !link.isOn(hook, targetID: place?.targetID ?? 0)
        ? "its link is not on \(hook.phrase)" + whatIsMissing
        : "its link is detached" + whatBecameOfTheTarget
    case "program":
      difference.cause == .config
        ? "it runs another program"
        : "its link runs \(difference.before?.description ?? "another program")"
    case "map":
      hook.mapRef == nil ? "it is registered with another map" : "it goes to another map"
    case AttachmentOrder.field where difference.forcesReplacement:
      "it stands \(difference.before?.description ?? "elsewhere")"
    case "exclusive", AttachmentOrder.field: "\(difference.field) is recorded"
    case "mode":
      "it runs in mode \(difference.before?.description ?? "auto")"
    default: "\(difference.field) cannot be changed in place"
    }
  }

  private var whatIsMissing: String { place?.missing.map { ": \($0)" } ?? "" }

  /// A link whose target was deleted looks like one that was detached, although there may be another
  /// target of that name by now.
  private var whatBecameOfTheTarget: String {
    if place?.missing != nil { return whatIsMissing }
    guard let target = hook.family.mortal else { return "" }
    return ": taken off \(hook.phrase), or \(target) was deleted and made again"
  }

  private func pinComparison(_ id: UInt32?) -> PinComparison? {
    goal.pin.map {
      PinComparison(
        situation: situation, address: goal.address, desired: $0, last: last, kind: .link, id: id)
    }
  }
}
