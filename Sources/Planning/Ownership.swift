internal import BPFObject

/// Which kernel object is the live one of an address, and what is ours at all.
///
/// An inventory of this boot answers by id, since ids are not reused before a reboot. What an
/// intent says of `next` counts only where the kernel shows it: at its final pin, or in reach of a
/// live link. Without an inventory, pins below the owner's root and programs that carry the owner
/// are ours. What was given up is not, and what the manifest adopts is from now on.
public struct Ownership: Sendable {
  public let owner: String
  public let root: String
  /// The inventory, if it is this boot's, with its claims under the names that the manifest has for
  /// them.
  public let inventory: Inventory?
  /// Under which addresses claims were applied that are called otherwise now.
  public let origins: [Address: Address]
  /// What the manifest gives up.
  let forgotten: Set<Address>
  let moves: [Move]
  /// What the manifest takes over and is not ours yet.
  public private(set) var adoptions: [Address: Adoption] = [:]
  let observed: ObservedState
  let mapsByID: [UInt32: ObservedMap]
  let programsByID: [UInt32: ObservedProgram]
  let linksByID: [UInt32: ObservedLink]
  let pinsByPath: [String: ObservedPin]
  private let hooksByPlace: [Hook: ObservedHook]
  /// How objects without a pin are recognised when the inventory is lost.
  private let signs: Signs
  /// The ids that the inventory names, and what is adopted; without an inventory, what is pinned
  /// below the root and was not given up.
  private var claimed: [ObjectKind: Set<UInt32>]
  private let forgottenPrograms: Set<UInt32>
  /// Programs that stand on a hook without a link.
  private let linkless: Set<UInt32>
  /// Sorted.
  public let claimedAddresses: [Address]
  private let linksByProgram: [UInt32: [ObservedLink]]
  /// Maps that a program uses which a link runs.
  private let runningMaps: Set<UInt32>
  /// The owner's programs as they carry it, where there is no inventory.
  private var carriers: [Carrier: [ObservedProgram]]

  private struct Carrier: Hashable {
    var object: String
    var kernelName: String
  }

  /// `desired` says what was renamed and what is adopted; where the inventory is lost, it knows names
  /// and bindings.
  public init(owner: String, root: String, observed: ObservedState, desired: DesiredState? = nil) {
    self.owner = owner
    self.root = root
    forgotten = desired?.forgotten ?? []
    moves = desired?.moves ?? []
    self.observed = observed
    let inventory = observed.inventory.flatMap {
      $0.bootID == observed.host.bootID && $0.owner == owner ? $0 : nil
    }
    (self.inventory, origins) = inventory?.applying(moves) ?? (nil, [:])
    mapsByID = Dictionary(observed.maps.map { ($0.id, $0) }) { first, _ in first }
    programsByID = Dictionary(observed.programs.map { ($0.id, $0) }) { first, _ in first }
    linksByID = Dictionary(observed.links.map { ($0.id, $0) }) { first, _ in first }
    pinsByPath = Dictionary(observed.pins.map { ($0.path, $0) }) { first, _ in first }
    hooksByPlace = Dictionary(observed.hooks.map { ($0.hook.place, $0) }) { first, _ in first }
    signs = Signs(desired)
    var claimed: [ObjectKind: Set<UInt32>] = [:]
    for (address, resource) in inventory?.resources ?? [:] {
      guard let kind = address.objectKind else { continue }
      claimed[kind, default: []].formUnion(resource.ids)
    }
    let givenUp = observed.pins.filter {
      PinPath.isBelow(PinPath.forgottenRoot(root), $0.path)
    }
    if inventory == nil {
      for pin in observed.pins where PinPath.isBelow(root, pin.path) && !givenUp.contains(pin) {
        claimed[pin.kind, default: []].insert(pin.id)
      }
    }
    forgottenPrograms = Set(
      givenUp.compactMap { [linksByID] pin in
        switch pin.kind {
        case .map: nil
        case .program: pin.id
        case .link: linksByID[pin.id]?.programID
        }
      })
    if inventory == nil { claimed[.program]?.subtract(forgottenPrograms) }
    self.claimed = claimed
    claimedAddresses = self.inventory?.resources.keys.sorted() ?? []
    linkless = Set(
      observed.hooks.flatMap(\.occupants).filter { $0.linkID == nil }.map(\.programID))
    linksByProgram = Dictionary(grouping: observed.links, by: \.programID)
    var running: Set<UInt32> = []
    for program in observed.programs where linksByProgram[program.id] != nil {
      running.formUnion(program.mapIDs)
    }
    runningMaps = running
    carriers = [:]
    if inventory == nil {
      for program in observed.programs where carriesOwner(program) {
        let object = program.metadata?.object ?? ""
        carriers[Carrier(object: object, kernelName: program.name), default: []].append(program)
      }
    }
    guard let desired else { return }
    adoptions = findAdoptions(desired)
    for (address, adoption) in adoptions {
      guard let kind = address.objectKind else { continue }
      claimed[kind, default: []].insert(adoption.id)
    }
  }

  // MARK: What was last applied

  /// The claim that is in force, with the keys of both sides where an apply was interrupted.
  public func last(_ address: Address) -> AppliedResource? {
    guard let resource = inventory?.resources[address] else { return nil }
    guard let next = resource.next else { return resource.current }
    guard let current = resource.current else { return isShown(next, address) ? next : nil }
    guard current.id == next.id || isShown(next, address) else { return current }
    var claim = next
    claim.id = next.id == 0 ? current.id : next.id
    let keys = Set(current.mergedKeys ?? []).union(next.mergedKeys ?? [])
    claim.mergedKeys = keys.isEmpty ? nil : keys.sorted()
    let sources = Set(current.migratedFrom ?? []).union(next.migratedFrom ?? [])
    claim.migratedFrom = sources.isEmpty ? nil : sources.sorted()
    return claim
  }

  /// Whether the kernel shows what an intent announced.
  private func isShown(_ next: AppliedResource, _ address: Address) -> Bool {
    let pin = pin(at: pinPath(address, next.spec))
    switch address {
    case .map:
      return mapsByID[next.id] != nil
        && (pin?.id == next.id || runningMaps.contains(next.id))
    case .program:
      return programsByID[next.id] != nil
        && (pin?.id == next.id || linksByProgram[next.id] != nil)
    case .attachment:
      if let filter = Hook(spec: next.spec)?.filter { return self.filter(at: filter) != nil }
      let staged = self.pin(at: PinPath.staging(of: address, root: root))
      let current = inventory?.resources[address]?.current?.id ?? 0
      guard pin?.kind == .link || staged?.kind == .link else { return false }
      return linksByID[current]?.isAttached != true || pin.map { $0.id != current } == true
    case .pin: return pin != nil && (next.id == 0 || pin?.id == next.id)
    }
  }

  // MARK: The live objects

  public func liveMap(_ ref: String) -> ObservedMap? {
    let address = Address.map(ref)
    if let adoption = adoptions[address] { return mapsByID[adoption.id] }
    if inventory != nil { return last(address).flatMap { mapsByID[$0.id] } }
    if let pin = pin(at: pinPath(address)), pin.kind == .map { return mapsByID[pin.id] }
    // Among the maps of a program that is ours, one looks like it.
    let found = signs.users(of: ref).compactMap { user -> [ObservedMap]? in
      guard let program = liveProgram(user.program) else { return nil }
      return program.mapIDs.compactMap { mapsByID[$0] }
        .filter { $0.name == user.kernelName && $0.type == user.type }
    }
    let ids = Set(found.joined().map(\.id))
    return ids.count == 1 ? ids.first.flatMap { mapsByID[$0] } : nil
  }

  public func liveProgram(_ ref: String) -> ObservedProgram? {
    let address = Address.program(ref)
    if let adoption = adoptions[address] { return programsByID[adoption.id] }
    if inventory != nil { return last(address).flatMap { programsByID[$0.id] } }
    if let pin = pin(at: pinPath(address)), pin.kind == .program { return programsByID[pin.id] }
    guard let slash = ref.firstIndex(of: "/") else { return nil }
    let name = signs.programNames[ref] ?? String(ref[ref.index(after: slash)...])
    let carrier = Carrier(
      object: String(ref[..<slash]), kernelName: MapSpec.kernelName(for: name))
    return carriers[carrier]?.max {
      (linksByProgram[$0.id] == nil ? 0 : 1, $0.id) < (linksByProgram[$1.id] == nil ? 0 : 1, $1.id)
    }
  }

  /// The link of an attachment. Of several that an interrupted apply left, one that is attached,
  /// and rather the one that runs the new program already: it may not be attached a second time.
  public func liveLink(_ address: Address) -> ObservedLink? {
    if let adoption = adoptions[address], adoption.kind == .link { return linksByID[adoption.id] }
    if let filter = filters(of: address, declared: signs.attachments[address]?.hook).first {
      return filter
    }
    var ids: [UInt32] = []
    let resource = inventory?.resources[address]
    ids += [resource?.current?.id, resource?.next?.id].compactMap(\.self)
    if inventory == nil || inventory?.state == .intent && resource?.next != nil {
      for path in [pinPath(address), PinPath.staging(of: address, root: root)] {
        if let pin = pin(at: path), pin.kind == .link { ids.append(pin.id) }
      }
    }
    let links = ids.compactMap { linksByID[$0] }.filter { $0.filter == nil }
    let attached = links.filter(\.isAttached)
    let program = resource?.next?.spec.text("program").flatMap(liveProgram)
    if let program, let link = attached.first(where: { $0.programID == program.id }) {
      return link
    }
    if let link = attached.first ?? links.first { return link }
    return inventory == nil ? unpinnedLink(address) : nil
  }

  /// A link on the attachment's hook that runs a program which carries the owner.
  private func unpinnedLink(_ address: Address) -> ObservedLink? {
    guard let (hook, ref) = signs.attachments[address], let program = liveProgram(ref),
      let target = self.hook(hook)?.targetID
    else { return nil }
    return linksByProgram[program.id]?.first {
      hook.kind.linkTypes.contains($0.type) && $0.isOn(hook, targetID: target)
    }
  }

  public func liveID(_ address: Address) -> UInt32? {
    switch address {
    case .map(let ref): liveMap(ref)?.id
    case .program(let ref): liveProgram(ref)?.id
    case .attachment: liveLink(address)?.id
    case .pin: last(address).flatMap { pin(at: pinPath(address, $0.spec)) }?.id
    }
  }

  public func pin(at path: String) -> ObservedPin? { pinsByPath[path] }

  func hook(_ hook: Hook) -> ObservedHook? { hooksByPlace[hook.place] }

  private func pinPath(_ address: Address, _ spec: Spec? = nil) -> String {
    spec?.text("pin.path") ?? signs.pinPaths[address] ?? PinPath.path(of: address, root: root)
  }

  // MARK: Ours or foreign

  public func owns(program id: UInt32) -> Bool {
    claimed[.program]?.contains(id) == true || programsByID[id].map(carriesOwner) == true
  }

  /// Whether the program says that it is ours. Another owner of the same name may work on another
  /// bpffs; what is attached without a link can have outlived ours.
  private func carriesOwner(_ program: ObservedProgram) -> Bool {
    guard let metadata = program.metadata, metadata.owner == owner,
      !forgottenPrograms.contains(program.id)
    else { return false }
    return metadata.bpffsDevice == observed.host.bpffsDevice || linkless.contains(program.id)
  }

  /// Whether, with the inventory lost, a pin shows what is ours by what it is: a program that carries
  /// the owner, a link that runs one, a map that one uses. A map by itself does not tell.
  func recognizes(_ pin: ObservedPin) -> Bool {
    guard inventory == nil else { return false }
    return switch pin.kind {
    case .program: owns(program: pin.id)
    case .link: linksByID[pin.id].map { owns(program: $0.programID) } ?? false
    case .map: observed.programs.contains { $0.mapIDs.contains(pin.id) && owns(program: $0.id) }
    }
  }

  /// Whether what is pinned there was made by us.
  func claims(_ pin: ObservedPin) -> Bool { claimed[pin.kind]?.contains(pin.id) == true }

  /// Whether a path is a place of ours: below the root when the inventory is lost, else only where
  /// this address was pinned before.
  func hasPinned(_ address: Address, at path: String) -> Bool {
    guard let resource = inventory?.resources[address] else {
      return inventory == nil && PinPath.isBelow(root, path)
        && !PinPath.isBelow(PinPath.forgottenRoot(root), path)
    }
    return [resource.current, resource.next].contains { $0?.spec.text("pin.path") == path }
  }

  // MARK: For the observer

  /// Which kernel maps' contents the plan will ask for: REF → map id. The scope's, and those whose
  /// entries the inventory records. Needs the inventory, the pins and the three lists of ids.
  public static func contentsToRead(
    _ scope: ObservationScope, observedSoFar observed: ObservedState
  ) -> [String: UInt32] {
    let ownership = Ownership(
      owner: scope.owner, root: scope.root, observed: observed, desired: scope.desired)
    let wanted = ownership.inventory.map(scope.including) ?? scope
    var ids: [String: UInt32] = [:]
    for ref in wanted.contents { ids[ref] = ownership.liveMap(ref)?.id }
    return ids
  }
}
