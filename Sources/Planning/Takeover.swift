/// How an attachment takes over what somebody else put on its hook.
public enum AttachmentAdoption: Hashable, Sendable {
  /// What is attached there without a link (netlink XDP, PROG_ATTACH); it becomes a link.
  case legacy
  /// The link that is pinned at this path.
  case pin(String)
}

/// A resource that is called otherwise from now on. An attachment without an instance stands for all
/// of its instances.
public struct Move: Hashable, Sendable {
  public var from: Address
  public var to: Address
  public var location: SourceLocation?

  public init(from: Address, to: Address, location: SourceLocation? = nil) {
    self.from = from
    self.to = to
    self.location = location
  }
}

/// What a change takes over.
public struct Adoption: Hashable, Sendable {
  public var kind: ObjectKind
  /// Of the map, program or link; of a legacy attachment the program's.
  public var id: UInt32
  /// Where it is pinned; nil for what comes with an adopted program, and for legacy attachments.
  public var path: String?

  public init(kind: ObjectKind, id: UInt32, path: String?) {
    self.kind = kind
    self.id = id
    self.path = path
  }
}

/// An object that is not ours and stands in a declared place, with who may know about it.
public struct ForeignObject: Hashable, Sendable, Codable {
  public struct Process: Hashable, Sendable, Codable {
    public var id: Int32
    /// As /proc/PID/comm says.
    public var command: String

    public init(id: Int32, command: String) {
      self.id = id
      self.command = command
    }
  }

  public var kind: ObjectKind
  public var id: UInt32
  /// Its pins on the bpffs that was looked at, by path.
  public var pins: [String]
  /// The processes that hold it open, as far as they may be seen.
  public var processes: [Process]

  public init(kind: ObjectKind, id: UInt32, pins: [String] = [], processes: [Process] = []) {
    self.kind = kind
    self.id = id
    self.pins = pins
    self.processes = processes
  }
}

extension Address {
  /// Whether a move or a `forget` that names this address means the other one: itself, or an
  /// instance of the attachment.
  func covers(_ other: Address) -> Bool {
    if self == other { return true }
    guard case .attachment(let name, nil) = self, case .attachment(let owner, _) = other else {
      return false
    }
    return name == owner
  }

  /// `other`, which the move's origin covers, under its new name.
  func renaming(_ other: Address) -> Address {
    if case .attachment(let name, nil) = self, case .attachment(_, let instance) = other {
      return .attachment(name, instance: instance)
    }
    return self
  }
}

extension Inventory {
  /// The claims under the addresses that the manifest gives them from now on, and where each comes
  /// from. A move whose origin is not claimed has been made; one whose target is claimed as well
  /// cannot be made.
  public func applying(_ moves: [Move]) -> (inventory: Inventory, origins: [Address: Address]) {
    var origins: [Address: Address] = [:]
    var names: [Address: Address] = [:]
    for move in moves {
      for from in resources.keys.sorted() where move.from.covers(from) {
        let to = move.to.renaming(from)
        guard resources[to] == nil, names[from] == nil, origins[to] == nil else { continue }
        names[from] = to
        origins[to] = from
      }
    }
    guard !names.isEmpty else { return (self, [:]) }
    var moved = self
    moved.resources = [:]
    for (address, resource) in resources {
      var resource = resource
      resource.current?.spec.rename(names)
      resource.next?.spec.rename(names)
      moved.resources[names[address] ?? address] = resource
    }
    return (moved, origins)
  }
}

extension Spec {
  /// What the spec refers to, by its new name.
  fileprivate mutating func rename(_ names: [Address: Address]) {
    func ref(_ text: String, _ address: (String) -> Address) -> String? {
      switch names[address(text)] {
      case .map(let ref), .program(let ref): ref
      default: nil
      }
    }
    for (name, value) in fields {
      guard case .text(let text) = value else { continue }
      if name == "program" {
        if let new = ref(text, Address.program) { self[name] = .text(new) }
      } else if name.hasPrefix("maps.") || name == "map" {
        if let new = ref(text, Address.map) { self[name] = .text(new) }
      } else if name == "target" || name == "attach_to", let target = Address(text),
        let new = names[target]
      {
        self[name] = .text(new.description)
      }
    }
  }
}

extension DesiredState {
  /// With the protection that was applied and that the manifest neither repeats nor lifts: it must
  /// not vanish with the block that it stood in.
  public func keepingProtection(of observed: ObservedState) -> DesiredState {
    guard let inventory = observed.inventory, inventory.owner == owner,
      inventory.bootID == observed.host.bootID
    else { return self }
    let claims = inventory.applying(moves).inventory.resources
    var state = self
    for index in state.maps.indices where !state.maps[index].declaresProtection {
      let claim = claims[.map(state.maps[index].ref)]
      if [claim?.current, claim?.next].contains(where: { $0?.spec.flag("protect") == true }) {
        state.maps[index].protect = true
      }
    }
    return state
  }
}
