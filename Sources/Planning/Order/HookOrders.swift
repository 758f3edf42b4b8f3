internal import BPFObject

/// The orders of all hooks on which somebody asks for one.
struct HookOrders {
  private var byPlace: [Hook: HookOrder] = [:]
  /// The same by what was last applied, where something is not in its place.
  private var former: [Hook: HookOrder] = [:]
  let situation: Situation

  init(_ situation: Situation) {
    self.situation = situation
    let goals = situation.sortedGoals.filter { $0.address.objectKind == .link }
    byPlace = orders(goals.map { ($0.address, $0.spec) })
    guard byPlace.values.contains(where: { !$0.misplaced.isEmpty }) else { return }
    former = orders(
      situation.ownership.claimedAddresses.compactMap { address in
        guard address.objectKind == .link, let last = situation.last(address) else { return nil }
        return (address, last.spec)
      })
  }

  private func orders(_ specs: [(address: Address, spec: Spec)]) -> [Hook: HookOrder] {
    var groups: [Hook: [(Address, Spec)]] = [:]
    var asking: Set<Hook> = []
    for (address, spec) in specs {
      guard let hook = Hook(spec: spec), hook.kind.isOrdered else { continue }
      groups[hook.place, default: []].append((address, spec))
      if spec[AttachmentOrder.field] != nil { asking.insert(hook.place) }
    }
    var orders: [Hook: HookOrder] = [:]
    for place in asking {
      let members = members(at: place, groups[place] ?? [])
      guard members.count <= HookOrder.capacity else { continue }
      orders[place] = HookOrder(members) { situation.ownership.pin(at: $0) }
    }
    return orders
  }

  /// Ours, and what else is there. What is ours and goes is left out.
  private func members(at place: Hook, _ specs: [(Address, Spec)]) -> [HookOrder.Member] {
    let ownership = situation.ownership
    let hook = ownership.hook(place)
    var rest = Array((hook?.occupants ?? []).enumerated())
    func take(_ link: ObservedLink) -> (offset: Int, element: ObservedHook.Occupant)? {
      guard let target = hook?.targetID, link.isAttached, link.isOn(place, targetID: target) else {
        return nil
      }
      let index =
        rest.firstIndex { $0.element.linkID == link.id }
        ?? rest.firstIndex { $0.element.linkID == nil && $0.element.programID == link.programID }
      return index.map { rest.remove(at: $0) }
    }
    var members = specs.map { address, spec in
      var member = HookOrder.Member(
        address: address, program: spec.text("program"), order: AttachmentOrder(spec: spec))
      member.isEarly = place.kind.hasEarlyPrograms ? spec.flag(AttachmentOrder.preorderField) : nil
      if let link = ownership.liveLink(address), let there = take(link) {
        member.occupant = there.element
        member.position = there.offset
        member.name = ownership.programsByID[link.programID]?.name ?? ""
      }
      return member
    }
    for address in ownership.claimedAddresses where situation.goals[address] == nil {
      if address.objectKind == .link, let link = ownership.liveLink(address) { _ = take(link) }
    }
    members += rest.map { position, occupant in
      HookOrder.Member(
        occupant: occupant, position: position,
        name: ownership.programsByID[occupant.programID]?.name ?? "")
    }
    return members
  }

  /// How an attachment fares on its hook; nil where nobody asks for an order.
  func verdict(on address: Address, at hook: Hook) -> OrderVerdict? {
    guard let order = byPlace[hook.place], let index = order.index(of: address) else { return nil }
    var verdict = OrderVerdict()
    let member = order.members[index]
    verdict.neighbours = order.neighbours(of: index)
    if order.circle.contains(index) {
      verdict.block = circle(order, hook)
    } else if order.hopeless.contains(index) {
      verdict.block = Block(
        code: "order-impossible",
        message:
          "\(address) cannot have its place at \(hook.phrase): what is not ours stands there "
          + "in another order",
        hints: ["ask for less in order: of \(address.section)"])
    }
    verdict.notes = (order.unknownAnchors[index] ?? []).compactMap { anchor in
      // One of the manifest's may be on other hooks only.
      switch anchor {
      case .attachment, .program: return nil
      case .pin, .named, .id: break
      }
      return Note(
        code: "order-anchor", address: address,
        message: "\(anchor) is not at \(hook.phrase), and so constrains nothing")
    }
    guard order.misplaced.contains(index) else { return verdict }
    verdict.whereabouts = order.whereabouts(of: index)
    if member.order == nil { verdict.askers = order.askers(of: index) }
    if let before = former[hook.place], let old = before.index(of: address) {
      verdict.wasMisplaced = before.misplaced.contains(old)
    }
    return verdict
  }

  private func circle(_ order: HookOrder, _ hook: Hook) -> Block {
    let names = order.circle.map {
      order.members[$0].address?.description ?? order.members[$0].name
    }
    return Block(
      code: "order-circle",
      message: "the order that is asked for at \(hook.phrase) goes round in a circle: "
        + (names + names.prefix(1)).joined(separator: " before "),
      hints: ["take one of these wishes back"])
  }

  /// A program may stand only once on some hooks: one that has to move there is loaded again, and
  /// the copy takes the new place before the old one is left. Where a gap is allowed, the hook does
  /// without it for a moment instead.
  func copyPrograms(_ drafts: inout [Address: Draft]) {
    for goal in situation.sortedGoals {
      guard let attachment = goal.attachment, !attachment.allowGap,
        attachment.hook.kind.refusesSameProgramTwice,
        let verdict = verdict(on: goal.address, at: attachment.hook), verdict.block == nil,
        verdict.whereabouts != nil, let program = goal.subject, var draft = drafts[program],
        draft.change.action == .unchanged || draft.change.action == .update,
        draft.change.liveID == situation.ownership.liveLink(goal.address)?.programID
      else { continue }
      let isDrift =
        situation.last(goal.address)?.spec[AttachmentOrder.field]
        == goal.spec[AttachmentOrder.field] && verdict.wasMisplaced
      draft.become(
        .replace,
        because: "a copy of it goes where \(goal.address) has to stand, since the hook takes a "
          + "program only once", cause: isDrift ? .drift : .config)
      drafts[program] = draft
    }
  }
}

/// How an attachment fares on a hook with an order.
struct OrderVerdict {
  /// Where it stands instead; nil = it is in its place, or not there at all.
  var whereabouts: String?
  /// By what was last applied it is not in its place either.
  var wasMisplaced = true
  /// It asks for nothing itself and makes room for these.
  var askers: [Address] = []
  var neighbours: LinkNeighbours?
  var block: Block?
  var notes: [Note] = []
}
