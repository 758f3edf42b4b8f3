import BPFObject
import Planning

/// The state of one apply: what was made, what was opened, where pins are by now, and the journal.
final class Execution<K: Kernel> {
  let kernel: K
  let options: ApplyOptions
  let plan: Plan
  let desired: DesiredState
  let observed: ObservedState
  let ownership: Ownership

  let maps: [String: DesiredMap]
  let programs: [String: DesiredProgram]
  let attachments: [Address: DesiredAttachment]
  let extraPins: [String: DesiredPin]
  let changes: [Address: ResourceChange]

  /// New maps, programs and links.
  var made: [Address: K.Object] = [:]
  /// New filters, by what stands for a link's id.
  var filters: [Address: UInt32] = [:]
  /// Live objects that were opened, by kind and id.
  var opened: [LiveObject: K.Object] = [:]
  /// By object instance: its BTF and its metadata map.
  var btfs: [String: K.Object] = [:]
  var metadataMaps: [String: K.Object] = [:]

  var journal = Journal()
  var currentStep = 0
  /// From the first visible step on.
  var isCommitting = false
  /// Where pins are now, as far as they were observed or changed by us.
  var pins: [String: Pinned] = [:]
  /// Staging paths that were used, and those that hold what was displaced from its place.
  var staged: Set<String> = []
  var displaced: Set<String> = []
  /// Links that were attached again while undoing: the id that was observed → the new one.
  var reattached: [UInt32: UInt32] = [:]
  /// The inventory as it was written last; nil = not by this apply.
  var written: Inventory?
  /// Until when the change has to be confirmed, once a watchdog waits for it.
  var pending: PendingConfirmation?
  /// Maps whose contents are carried over, by REF.
  var migrations: [String: Migration<K.Object>] = [:]
  /// What was carried over, by REF.
  var reports: [String: MigrationReport] = [:]
  /// No program runs any more that was on a hook before the links were swapped.
  var hasWaitedForPrograms = false
  /// Attachments to interfaces that a selector found and that are gone by now: nothing is done about
  /// them any more, and the next plan knows of no such interface.
  var vanished: Set<Address> = []
  /// Directories outside the owner's that this apply made.
  var madeDirectories: [String] = []
  /// What became of programs' tests.
  var tests: [TestReport] = []
  /// What is made is for a test only: no owner is written on it.
  let isTrial: Bool

  struct LiveObject: Hashable {
    var kind: ObjectKind
    var id: UInt32
  }

  /// What a path names: an object that was there, or one of ours.
  struct Pinned {
    var object: K.Object?
    var live: LiveObject?
    var attributes: PinSpec
  }

  init(
    kernel: K, options: ApplyOptions, plan: Plan, desired: DesiredState, observed: ObservedState,
    isTrial: Bool = false
  ) {
    self.isTrial = isTrial
    self.kernel = kernel
    self.options = options
    self.plan = plan
    let desired = desired.resolved(for: observed).keepingProtection(of: observed).canonical
    self.desired = desired
    ownership = Ownership(
      owner: desired.owner, root: desired.root, observed: observed, desired: desired)
    self.observed = observed
    maps = Dictionary(desired.maps.map { ($0.ref, $0) }) { first, _ in first }
    programs = Dictionary(desired.programs.map { ($0.ref, $0) }) { first, _ in first }
    attachments = Dictionary(desired.attachments.map { ($0.address, $0) }) { first, _ in first }
    extraPins = Dictionary(desired.pins.map { ($0.name, $0) }) { first, _ in first }
    changes = Dictionary(plan.changes.map { ($0.address, $0) }) { first, _ in first }
    for pin in observed.pins {
      pins[pin.path] = Pinned(
        live: LiveObject(kind: pin.kind, id: pin.id),
        attributes: PinSpec(
          path: pin.path, mode: pin.mode, owner: pin.owner, group: pin.group))
    }
  }

  var createdIDs: [Address: UInt32] { made.mapValues(\.id) }

  func perform(_ step: Step) throws(KernelFailure) {
    if let address = step.address, vanished.contains(address), !step.isTakingAway { return }
    switch step {
    case .createMap(let ref): try createMap(ref)
    case .fillReferences(let ref): try fillReferences(ref)
    case .loadProgram(let ref): try loadProgram(ref)
    case .testProgram(let ref): try testProgram(ref)
    case .writeIntent: try writeIntent()
    case .stagePin(let address): try stagePin(address)
    case .createLink(let address): try createLink(address)
    case .updateLink(let address, let link, let expected):
      try updateLink(address, link: link, expectedProgram: expected)
    case .recreateLink(let address, let link): try recreateLink(address, link: link)
    case .detachLegacy(let address, let program): try detachLegacy(address, program)
    case .publishPin(let address): try publishPin(address)
    case .movePin(_, let from, let to): try movePin(from, to: to)
    case .restorePin(let address, let id): try restorePin(address, id: id)
    case .changeEntries(let ref): try changeEntries(ref)
    case .setPinAttributes(let address): try setPinAttributes(address)
    case .freezeMap(let ref): try freezeMap(ref)
    case .detachLink(let address, let link): try detachLink(address, link)
    case .clearReferences(let address): try clearReferences(address)
    case .copyEntries(let ref, let source): try copyEntries(ref, from: source)
    case .mergeEntries(let ref, _): try mergeEntries(ref)
    case .completeMigration(let ref, let unfinished):
      try completeMigration(ref, unfinished)
    case .removePin(_, let path): try removePin(path)
    case .removeLeftover(let path): try removePin(path)
    case .writeFinal: try writeFinal()
    case .removeInventory: try removeInventory()
    }
  }

  /// Undoes everything in reverse; `undone` is told the index of each step when it is.
  func rollBack(_ undone: (Int) -> Void) -> [UndoFailure] {
    var failures: [UndoFailure] = []
    var failed: Set<Int> = []
    while let entry = journal.removeNewest() {
      if let undo = entry.undo {
        do throws(KernelFailure) {
          try undo()
        } catch {
          failed.insert(entry.step)
          failures.append(UndoFailure(step: entry.step, deed: entry.deed, failure: error))
        }
      } else {
        failed.insert(entry.step)
        failures.append(
          UndoFailure(
            step: entry.step, deed: entry.deed,
            failure: KernelFailure(
              operation: "undo", subject: entry.deed,
              message: "the kernel offers no way to undo this")))
      }
      if journal.entries.last?.step != entry.step, !failed.contains(entry.step) {
        undone(entry.step)
      }
    }
    return failures
  }

  /// The journal's undos hold this object and what it opened; without this they would stay.
  func letGo() { journal = Journal() }

  // MARK: Finding objects

  func open(_ kind: ObjectKind, _ id: UInt32) throws(KernelFailure) -> K.Object {
    let key = LiveObject(kind: kind, id: id)
    if let known = opened[key] { return known }
    let object = try kernel.open(kind, id: id)
    opened[key] = object
    return object
  }

  /// The object that the address stands for once the plan is done: the new one, or the live one.
  func object(for address: Address) throws(KernelFailure) -> K.Object {
    if let object = made[address] { return object }
    switch address {
    case .pin(let name):
      guard let pin = extraPins[name] else { throw missing(address) }
      return try object(for: pin.target)
    case .map(let ref):
      if let path = maps[ref]?.external, let pin = observed.pins.first(where: { $0.path == path }) {
        return try open(pin.kind, pin.id)
      }
    case .program, .attachment: break
    }
    guard let kind = kind(of: address), let id = changes[address]?.liveID else {
      throw missing(address)
    }
    return try open(kind, id)
  }

  func kind(of address: Address) -> ObjectKind? {
    if case .pin(let name) = address { return extraPins[name]?.target.objectKind }
    return address.objectKind
  }

  /// Where the manifest wants the address pinned.
  func pinSpec(for address: Address) throws(KernelFailure) -> PinSpec {
    let pin =
      switch address {
      case .map(let ref): maps[ref]?.pin
      case .program(let ref): programs[ref]?.pin
      case .attachment: attachments[address]?.pin
      case .pin(let name): extraPins[name]?.pin
      }
    guard let pin else { throw missing(address) }
    return pin
  }

  /// A plan that does not fit its two sides.
  func missing(_ address: Address) -> KernelFailure {
    KernelFailure(
      operation: "apply", subject: "\(address)",
      message: "the plan names \(address), which is neither declared nor alive")
  }
}

extension KernelFailure {
  /// What the failure is about in the manifest's terms, if the kernel could not know.
  func about(_ address: Address) -> KernelFailure {
    var failure = self
    if failure.subject.isEmpty { failure.subject = "\(address)" }
    return failure
  }
}
