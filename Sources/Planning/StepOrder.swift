internal import BPFObject

/// The tasks of all resources as steps, in the order that design section 6 asks for.
struct StepOrder {
  /// Everything of one phase comes before everything of the next.
  private enum Phase: Int {
    case createMaps, loadPrograms, fillReferences, test, copy
    case intent, makeRoom, stagePins, fillSelfKeeping, links, clearWay, publish, entries, attributes
    case detach, clear
    // When no program is left that writes to an old map; then what cannot be undone.
    case merge, freeze
    case unpin, leftovers, final

    var isTakingAway: Bool { [.detach, .clear, .unpin].contains(self) }
  }

  let drafts: [Address: Draft]
  let leftovers: [ObservedPin]
  let root: String

  /// `end` is what ends the apply: the final inventory, or its removal. A record that is out of date
  /// needs it even if nothing else is done.
  func steps(end: Step, isRecordStale: Bool) -> [Step] {
    var placed: [(phase: Phase, rank: Int, step: Step)] = []
    let ranked = ranked
    for (rank, draft) in ranked.enumerated() {
      for (phase, step) in draft.tasks.flatMap({ steps(for: $0, of: draft) }) {
        placed.append((phase, rank, step))
      }
    }
    // A pin cannot be where another one needs a directory, nor the other way round.
    let targets = ranked.filter { $0.tasks.contains(.publishPin) }
      .compactMap { $0.goal?.spec.text("pin.path") }
    for index in placed.indices {
      guard case .removePin(_, let path) = placed[index].step,
        targets.contains(where: {
          PinPath.isBelow(path, $0) || PinPath.isBelow($0, path)
        })
      else { continue }
      placed[index].phase = .clearWay
    }
    let staged = Set(
      ranked.filter { $0.tasks.contains(.publishPin) }
        .map { PinPath.staging(of: $0.address, root: root) })
    // A map that is still to be merged outlives another kill in a place where nothing is staged.
    let sources = unmerged
    for pin in leftovers {
      var path = pin.path
      if staged.contains(path), pin.kind == .map, let address = sources[pin.id] {
        path = PinPath.unmerged(pin.id, of: address, root: root)
        placed.append((.makeRoom, 0, .movePin(address, from: pin.path, to: path)))
      }
      placed.append(
        (staged.contains(path) ? .makeRoom : .leftovers, 0, .removeLeftover(path: path)))
    }
    let changes = ranked.contains { $0.change.action != .unchanged }
    // Whatever changes may be what a program needs.
    for (rank, draft) in ranked.enumerated() where !placed.isEmpty {
      guard let program = draft.goal?.program, !program.tests.isEmpty else { continue }
      placed.append((.test, rank, .testProgram(ref: program.ref)))
    }
    if !placed.isEmpty { placed.append((.intent, 0, .writeIntent)) }
    if !placed.isEmpty || changes || isRecordStale { placed.append((.final, 0, end)) }
    return placed.enumerated().sorted {
      let (a, b) = ($0.element, $1.element)
      if a.phase != b.phase { return a.phase.rawValue < b.phase.rawValue }
      // What refers goes before what it refers to.
      if a.rank != b.rank { return a.phase.isTakingAway ? a.rank > b.rank : a.rank < b.rank }
      return key(a.step) < key(b.step)
    }.map(\.element.step)
  }

  /// The maps that an interrupted migration has not emptied yet, by id.
  private var unmerged: [UInt32: Address] {
    var sources: [UInt32: Address] = [:]
    for draft in drafts.values {
      for case .completeMigration(let unfinished) in draft.tasks {
        sources[unfinished.source] = draft.address
      }
    }
    return sources
  }

  private func steps(for task: Draft.Task, of draft: Draft) -> [(Phase, Step)] {
    let address = draft.address
    switch (task, address) {
    case (.createObject, .map(let ref)):
      return [(.createMaps, .createMap(ref: ref)), (.stagePins, .stagePin(address))]
    case (.createObject, .program(let ref)):
      return [(.loadPrograms, .loadProgram(ref: ref)), (.stagePins, .stagePin(address))]
    case (.createObject, _): return []
    case (.fillReferences, .map(let ref)):
      // Programs in a devmap or cpumap would stay if the apply stopped here, so they are committed.
      let keeps = draft.goal?.map.map { EntryRules($0.map.type).keepsItselfAlive } ?? false
      return [(keeps ? .fillSelfKeeping : .fillReferences, .fillReferences(ref: ref))]
    // A link is pinned as soon as it exists, so that it outlives a killed process.
    case (.createLink, _): return [(.links, .createLink(address))] + pinning(draft)
    case (.recreateLink(let link), _):
      return [(.links, .recreateLink(address, link: link))] + pinning(draft)
    case (.updateLink(let link, let expected), _):
      return [(.links, .updateLink(address, link: link, expectedProgram: expected))]
    // The pins of the manifest's own have nothing else to be staged with. A link's has to wait for
    // the link; pins come after attachments in the same phase.
    case (.publishPin, .pin):
      let waits = draft.goal?.spec.text("target")?.hasPrefix("attachment.") ?? false
      return [(waits ? .links : .stagePins, .stagePin(address)), (.publish, .publishPin(address))]
    case (.publishPin, _): return [(.publish, .publishPin(address))]
    case (.restorePin(let id), _): return [(.publish, .restorePin(address, id: id))]
    case (.movePin(let from, let to), _):
      return [(.publish, .movePin(address, from: from, to: to))]
    case (.detachLegacy(let program, let first), _):
      return [(first ? .links : .detach, .detachLegacy(address, program: program))]
    case (.changeEntries, .map(let ref)): return [(.entries, .changeEntries(ref: ref))]
    case (.setPinAttributes, _): return [(.attributes, .setPinAttributes(address))]
    case (.freeze, .map(let ref)): return [(.freeze, .freezeMap(ref: ref))]
    case (.detach(let link), _): return [(.detach, .detachLink(address, link: link))]
    case (.clearReferences, _): return [(.clear, .clearReferences(address))]
    case (.migrate(let source), .map(let ref)):
      return [
        (.copy, .copyEntries(ref: ref, source: source)),
        (.merge, .mergeEntries(ref: ref, source: source)),
      ]
    case (.completeMigration(let unfinished), .map(let ref)):
      return [(.merge, .completeMigration(ref: ref, unfinished))]
    case (.removePin(let path), _): return [(.unpin, .removePin(address, path: path))]
    case (.fillReferences, _), (.changeEntries, _), (.freeze, _), (.migrate, _),
      (.completeMigration, _):
      return []
    }
  }

  /// Of a link, in the same phase: what is attached without one outlives the process by itself.
  private func pinning(_ draft: Draft) -> [(Phase, Step)] {
    draft.goal?.pin == nil ? [] : [(.links, .stagePin(draft.address))]
  }

  /// References before referers, ties by address.
  private var ranked: [Draft] {
    var depths: [Address: Int] = [:]
    func depth(_ address: Address, _ visiting: Set<Address>) -> Int {
      if let known = depths[address] { return known }
      if let rank = extensionRank(address) { return rank }
      guard case .map = address, !visiting.contains(address),
        let entries = drafts[address]?.goal?.map?.entries, !entries.references.isEmpty
      else { return 0 }
      let inner = entries.targets.filter {
        if case .map = $0 { true } else { false }
      }
      guard !inner.isEmpty else { return 0 }
      let value = 1 + (inner.map { depth($0, visiting.union([address])) }.max() ?? 0)
      depths[address] = value
      return value
    }
    var byDepth: [Int: [Address]] = [:]
    for address in drafts.keys { byDepth[depth(address, []), default: []].append(address) }
    return byDepth.keys.sorted().flatMap { byDepth[$0]?.sorted() ?? [] }.compactMap { drafts[$0] }
  }

  /// An extension is loaded after the program that it is for, and attached before that goes live; it
  /// is the last to go.
  private func extensionRank(_ address: Address) -> Int? {
    let draft = drafts[address]
    switch address {
    case .program:
      if case .program? = draft?.goal?.program?.extends { return 1 }
    case .attachment:
      let spec = draft?.goal?.spec ?? draft?.last?.spec
      if case .extension? = spec.flatMap({ Hook(spec: $0) }) { return -1 }
    case .map, .pin: break
    }
    return nil
  }

  /// Within a resource and a phase: what stands in a link's way goes before it is made, and it is
  /// made before it is pinned; paths in their order.
  private func key(_ step: Step) -> String {
    switch step {
    case .detachLegacy: ""
    case .createLink, .recreateLink, .updateLink: " "
    // As long as a map is there that was not merged, so is what tells what of it was.
    case .removeLeftover(let path) where PinPath.isBase(path, root: root): "~" + path
    case .removePin(_, let path), .removeLeftover(let path): path
    case .detachLink(_, let link): String(link)
    // What is known to have been copied goes before what an earlier apply left.
    case .completeMigration(_, let unfinished): "~\(unfinished.source)"
    case .mergeEntries: ""
    default: "~"
    }
  }
}
