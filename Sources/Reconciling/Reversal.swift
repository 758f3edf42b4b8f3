import BPFObject
public import Planning

/// The owner's part of the host as it was before a change: everything that is needed to make it so
/// again, whatever came of the change. It refers to objects by ids; whoever may need it keeps them
/// alive.
public struct Reversal: Hashable, Sendable, Codable {
  public var owner: String
  public var root: String
  /// nil: nothing had been applied.
  public var inventory: Inventory?
  /// Pins in the owner's directory and in other places of the plan, without the inventory.
  public var pins: [ObservedPin] = []
  public var links: [FormerLink] = []
  public var filters: [FormerFilter] = []
  public var entries: [FormerEntries] = []
  /// Paths outside the owner's directory that the change may pin something at.
  public var places: [String] = []

  /// A link that the change swaps or takes away.
  public struct FormerLink: Hashable, Sendable, Codable {
    public var id: UInt32
    public var programID: UInt32
    public var name: String
    public var instance: String?
    public var hook: Hook
    public var cookie: UInt64?
    /// BPF_F_PREORDER.
    public var preorder: Bool?
    /// Where among others it stood, the best first.
    public var positions: [LinkPosition]
    /// The map that its hook is on.
    public var mapID: UInt32?
    /// The program whose function its program replaced.
    public var extended: UInt32?
  }

  /// Entries that the change writes or removes in a map that stays.
  public struct FormerEntries: Hashable, Sendable, Codable {
    public var mapID: UInt32
    public var absent: [[UInt8]] = []
    public var plain: [EntryTable] = []
    public var slots: [Slot] = []

    public struct Slot: Hashable, Sendable, Codable {
      public var key: [UInt8]
      public var value: [UInt8]
      public var offset: Int
      public var kind: ObjectKind
      public var id: UInt32
    }
  }

  /// What has to live on for it. Not links: a kind that cannot be detached would stay on its hook.
  var references: [(kind: ObjectKind, id: UInt32)] {
    var ids = Set(pins.filter { $0.kind != .link }.map { Reference(kind: $0.kind, id: $0.id) })
    ids.formUnion(links.map { Reference(kind: .program, id: $0.programID) })
    ids.formUnion(links.compactMap(\.mapID).map { Reference(kind: .map, id: $0) })
    ids.formUnion(links.compactMap(\.extended).map { Reference(kind: .program, id: $0) })
    ids.formUnion(
      filters.compactMap(\.programID).map { Reference(kind: .program, id: $0) })
    ids.formUnion(entries.flatMap(\.slots).map { Reference(kind: $0.kind, id: $0.id) })
    return ids.map { ($0.kind, $0.id) }.sorted { ($0.0.rawValue, $0.1) < ($1.0.rawValue, $1.1) }
  }

  private struct Reference: Hashable {
    var kind: ObjectKind
    var id: UInt32
  }
}

/// Where among others a new link goes.
public enum LinkPosition: Hashable, Sendable, Codable {
  case behind(link: UInt32)
  case behindProgram(UInt32)
  case before(link: UInt32)
  case beforeProgram(UInt32)
  case first, last
}

extension ObservedHook {
  /// Where the link stands: behind the nearest one before it, else before the nearest one behind it.
  func positions(of link: UInt32) -> [LinkPosition] {
    guard let index = occupants.firstIndex(where: { $0.linkID == link }) else { return [] }
    return occupants[..<index].reversed().map { occupant in
      occupant.linkID.map { .behind(link: $0) } ?? .behindProgram(occupant.programID)
    }
      + occupants[(index + 1)...].map { occupant in
        occupant.linkID.map { .before(link: $0) } ?? .beforeProgram(occupant.programID)
      }
  }
}

extension Plan {
  /// What of it nobody could take back later, in words.
  public var irrevocable: [String] {
    let made = Set(
      changes.filter { $0.action == .create || $0.action == .replace }.map(\.address))
    return steps.compactMap { step in
      switch step {
      case .freezeMap(let ref) where !made.contains(.map(ref)):
        return "map.\(ref) would be frozen, which the kernel never takes back"
      case .detachLegacy(let address, _):
        return "\(address) takes over what is attached without a link"
      case .mergeEntries(let ref, _), .completeMigration(let ref, _):
        return "what programs write to map.\(ref) once its contents have moved would be lost"
      case .createMap, .fillReferences, .loadProgram, .testProgram, .copyEntries, .writeIntent,
        .stagePin, .createLink, .updateLink, .recreateLink, .publishPin, .restorePin, .movePin,
        .changeEntries,
        .setPinAttributes, .freezeMap, .detachLink, .clearReferences, .removePin, .removeLeftover,
        .writeFinal, .removeInventory:
        return nil
      }
    }
  }
}

extension Execution {
  /// The host as it is before the first visible step.
  func makeReversal() throws(KernelFailure) -> Reversal {
    var reversal = Reversal(owner: desired.owner, root: desired.root)
    reversal.inventory = observed.inventory
    let inventory = PinPath.inventory(root: desired.root)
    reversal.pins = observed.pins.filter { $0.path != inventory }
    reversal.places = declaredAddresses.compactMap { try? pinSpec(for: $0).path }
      .filter { !isOurs($0) }.sorted()
    for step in plan.steps {
      reversal.remember(formerFilters(step))
      switch step {
      case .updateLink(let address, let id, _), .detachLink(let address, let id),
        .recreateLink(let address, let id?):
        guard let link = observed.links.first(where: { $0.id == id }), !link.isDefunct,
          link.filter == nil
        else { continue }
        // Such a link registers a map, and runs no program that could be held.
        guard link.type != .structOps, let former = formerAttachment(link: id) else {
          throw KernelFailure(
            operation: "confirm", subject: "\(address)",
            message:
              "link \(id) could not be put back: it is of struct_ops, or its place is not recorded")
        }
        reversal.links.append(
          .init(
            id: id, programID: link.programID, name: former.name, instance: former.instance,
            hook: former.hook, cookie: former.cookie, preorder: former.preorder,
            positions: positions(of: id),
            mapID: link.hookTarget.flatMap { $0.kind == .map ? $0.id : nil },
            extended: former.hook.isOfExtension ? link.extendedProgramID : nil))
      case .changeEntries(let ref): try rememberEntries(of: .map(ref), in: &reversal)
      case .clearReferences(let address): try rememberSlots(of: address, in: &reversal)
      default: break
      }
    }
    // No program goes live again without its extensions.
    reversal.links =
      reversal.links.filter { $0.extended != nil } + reversal.links.filter { $0.extended == nil }
    return reversal
  }

  func positions(of link: UInt32) -> [LinkPosition] {
    observed.hooks.first { $0.occupants.contains { $0.linkID == link } }?.positions(of: link) ?? []
  }

  private func rememberEntries(
    of address: Address, in reversal: inout Reversal
  ) throws(KernelFailure) {
    guard let change = changes[address], let id = change.liveID, made[address] == nil else {
      return
    }
    var former = Reversal.FormerEntries(mapID: id)
    var plain = EntryBatches()
    let type = observed.maps.first { $0.id == id }?.type ?? .unspecified
    for entry in change.entries?.changes ?? [] {
      guard let before = entry.before else {
        former.absent.append(entry.key)
        continue
      }
      if let slot = ReferenceSlot(type: type, value: before) {
        former.slots.append(
          .init(
            key: entry.key, value: before, offset: slot.offset, kind: slot.kind, id: slot.id))
      } else {
        plain.add(entry.key, before)
      }
    }
    former.plain = plain.tables
    reversal.entries.append(former)
  }

  private func rememberSlots(
    of address: Address, in reversal: inout Reversal
  ) throws(KernelFailure) {
    guard let id = changes[address]?.liveID,
      let type = observed.maps.first(where: { $0.id == id })?.type
    else { return }
    var former = Reversal.FormerEntries(mapID: id)
    let contents = try kernel.read(open(.map, id))
    for row in 0..<contents.count {
      let value = Array(contents.value(row))
      guard let slot = ReferenceSlot(type: type, value: value) else { continue }
      former.slots.append(
        .init(
          key: Array(contents.key(row)), value: value, offset: slot.offset, kind: slot.kind,
          id: slot.id))
    }
    reversal.entries.append(former)
  }
}
