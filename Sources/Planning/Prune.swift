internal import BPFObject

/// What is ours and no longer wanted.
struct Prune {
  let situation: Situation
  private var ownership: Ownership { situation.ownership }

  func drafts() -> [Draft] {
    let claimed = ownership.claimedAddresses.filter { situation.goals[$0] == nil }.map(claimedDraft)
    return claimed + unclaimedPins.map(pinnedDraft) + unclaimedFilters
  }

  /// What is given up: the claim goes, the object stays. Nothing is lost by that, so that it needs no
  /// whole picture.
  var given: [Draft] { drafts().filter { situation.isForgotten($0.address) } }

  private func claimedDraft(_ address: Address) -> Draft {
    let last = ownership.last(address)
    var draft = Draft(address, goal: nil, last: last)
    let path = last?.spec.text("pin.path")
    guard let last, let id = ownership.liveID(address), address.isPin ? id == last.id : true else {
      draft.become(
        .forget,
        because: situation.isDestroy
          ? "it is gone already" : "it is gone already, and no longer in the manifest")
      if !address.isPin { clear(path, of: nil, &draft) }
      return draft
    }
    draft.change.liveID = id
    draft.observed = last.spec
    draft.tag = ownership.programsByID[id]?.tag
    if situation.isForgotten(address) {
      giveUp(id, path: path, &draft)
      return draft
    }
    draft.become(
      .delete,
      because: situation.isDestroy
        ? "all that \(ownership.owner) owns is destroyed" : whyUnwanted(address, last))
    draft.add(Comparison.deletion(of: last.spec))
    finish(id, path: path, &draft)
    return draft
  }

  private func whyUnwanted(_ address: Address, _ last: AppliedResource) -> String {
    guard case .attachment(let name, _) = address, situation.selected.contains(name),
      let interface = Hook(spec: last.spec)?.interface
    else { return "it is no longer in the manifest" }
    return situation.observed.interfaces.contains { $0.name == interface }
      ? "the selector does not match \(interface.phrase) any more"
      : "interface \(interface.phrase) is gone"
  }

  /// Its pin leaves our places, where it would be taken for ours if the inventory were lost. A pin
  /// that stands elsewhere stays there.
  private func giveUp(_ id: UInt32, path: String?, _ draft: inout Draft) {
    draft.become(.forget, because: "the manifest gives it up")
    guard let path, PinPath.isBelow(ownership.root, path), ownership.pin(at: path)?.id == id else {
      return
    }
    let place = PinPath.forgotten(of: draft.address, root: ownership.root)
    draft.tasks.insert(.movePin(from: path, to: place))
    draft.change.consequences.append("its pin moves to \(place)")
    guard ownership.pin(at: place) != nil else { return }
    draft.change.blocks.append(
      Block(
        code: "forgotten-pin-taken",
        message: "\(place), where its pin would go, is taken by what was given up before",
        hints: ["move that pin elsewhere, or remove it: rm \(place)"]))
  }

  /// The steps that take it away; a pin that shows somebody else's object is left alone.
  private func finish(_ id: UInt32, path: String?, _ draft: inout Draft) {
    switch draft.address {
    case .attachment:
      draft.tasks.insert(.detach(link: id))
      for stray in ownership.strayFilters(of: draft.address) {
        draft.tasks.insert(.detach(link: stray.id))
      }
    case .map:
      let map = ownership.mapsByID[id]
      if let map, EntryRules(map.type).keepsItselfAlive { draft.tasks.insert(.clearReferences) }
      if !last(draft.address, says: "freeze") {
        draft.change.consequences.append(Guards.loss(of: map))
      }
    case .program, .pin: break
    }
    clear(path, of: id, &draft)
  }

  /// Removes the pin in its place, which may show another object of ours: where an apply was
  /// interrupted, the other of the claim's two; where pins were exchanged, one that is pinned again
  /// in its own place.
  private func clear(_ path: String?, of id: UInt32?, _ draft: inout Draft) {
    guard let path, let pin = ownership.pin(at: path), pin.id == id || ownership.claims(pin) else {
      return
    }
    draft.tasks.insert(.removePin(path: path))
  }

  private func last(_ address: Address, says flag: String) -> Bool {
    ownership.last(address)?.spec.flag(flag) ?? false
  }

  /// What would go if the whole picture were there.
  var kept: [Note] {
    drafts().filter { $0.change.action == .delete }.map {
      Note(
        code: "not-pruned", address: $0.address,
        message: "it is not wanted any more and stays, since not everything could be seen")
    }
  }

  /// With the inventory lost, what is pinned at a default place of ours and nobody wants.
  private var unclaimedPins: [(Address, ObservedPin)] {
    guard ownership.inventory == nil else { return [] }
    return situation.observed.pins.compactMap { pin in
      PinPath.address(of: pin.path, root: ownership.root).map { ($0, pin) }
    }.filter { situation.goals[$0.0] == nil && $0.0.objectKind == $0.1.kind }
  }

  /// With the inventory lost, filters that run programs of ours and that nobody wants.
  private var unclaimedFilters: [Draft] {
    guard ownership.inventory == nil else { return [] }
    let wanted = Set(situation.goals.keys.filter(\.isAttachment).compactMap(ownership.liveID))
    return situation.observed.links.compactMap { link in
      guard let filter = link.filter, ownership.owns(program: link.programID),
        !wanted.contains(link.id)
      else { return nil }
      let name = "filter-\(String(filter.handle, radix: 16))"
      var draft = Draft(
        .attachment(name, instance: filter.at.instance), goal: nil, last: nil)
      draft.change.liveID = link.id
      draft.observed = filter.spec
      draft.become(.delete, because: "it runs a program of the owner's and is not in the manifest")
      draft.tasks.insert(.detach(link: link.id))
      return draft
    }
  }

  private func pinnedDraft(_ address: Address, _ pin: ObservedPin) -> Draft {
    var draft = Draft(address, goal: nil, last: nil)
    draft.change.liveID = pin.id
    draft.tag = ownership.programsByID[pin.id]?.tag
    draft.observed = PinSpec(path: pin.path).spec
    if situation.isForgotten(address) {
      giveUp(pin.id, path: pin.path, &draft)
      return draft
    }
    draft.become(.delete, because: "it is pinned in the owner's directory and not in the manifest")
    finish(pin.id, path: pin.path, &draft)
    return draft
  }

  /// What an interrupted apply left under `next/`, and under `former/` when nothing waits for a
  /// confirmation.
  var leftovers: [ObservedPin] {
    let isPending = situation.observed.inventory?.confirmation != nil
    return situation.observed.pins.filter {
      PinPath.isBelow(PinPath.stagingRoot(ownership.root), $0.path)
        || !isPending && PinPath.isBelow(PinPath.formerRoot(ownership.root), $0.path)
    }.sorted { $0.path < $1.path }
  }

  /// Pins below the root that are in no inventory and in nobody's way: shown, not touched.
  var unknownPins: [Note] {
    guard let inventory = ownership.inventory else { return [] }
    var known: Set<String> = [PinPath.inventory(root: ownership.root)]
    known.formUnion(situation.goals.values.compactMap { $0.spec.text("pin.path") })
    for resource in inventory.resources.values {
      known.formUnion(
        [resource.current, resource.next].compactMap { $0?.spec.text("pin.path") })
    }
    return situation.observed.pins.map(\.path).filter {
      PinPath.isBelow(ownership.root, $0) && !known.contains($0)
        && !PinPath.isBelow(PinPath.stagingRoot(ownership.root), $0)
        && !PinPath.isBelow(PinPath.forgottenRoot(ownership.root), $0)
        && !PinPath.isBelow(PinPath.formerRoot(ownership.root), $0)
    }.sorted().map {
      Note(code: "unknown-pin", message: "\($0) is not in the inventory and is left alone")
    }
  }
}

extension Address {
  var isPin: Bool { if case .pin = self { true } else { false } }
  var isAttachment: Bool { if case .attachment = self { true } else { false } }
}
