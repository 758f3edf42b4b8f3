internal import BPFObject

/// A classifier at an interface's clsact: attached by rtnetlink without a link, where priority and
/// handle say which of the hook's filters it is.
///
/// It stays until somebody deletes it. It is ours as long as a program of ours runs there.
public struct FilterHook: Hashable, Sendable, Codable {
  public var at: InterfaceName
  public var isEgress: Bool
  /// The lowest runs first.
  public var priority: UInt16
  public var handle: UInt32

  public init(at: InterfaceName, isEgress: Bool, priority: UInt16, handle: UInt32) {
    self.at = at
    self.isEgress = isEgress
    self.priority = priority
    self.handle = handle
  }
}

extension FilterHook: HookFamily {
  var spec: Spec {
    Spec([
      "hook": "tc", "interface": .text(at.name), "netns": at.namespace.specValue,
      "direction": isEgress ? "egress" : "ingress", "priority": .number(UInt64(priority)),
      "handle": .number(UInt64(handle)),
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let at = InterfaceName(spec: spec), let direction = spec.text("direction"),
      let priority: UInt16 = spec.number("priority"), let handle: UInt32 = spec.number("handle")
    else { return nil }
    return .filter(
      FilterHook(at: at, isEgress: direction == "egress", priority: priority, handle: handle))
  }

  var phrase: String { "\(place) of \(at.phrase)" }

  /// "tc ingress, priority 50, handle 0x1a".
  public var place: String {
    "tc \(isEgress ? "egress" : "ingress"), priority \(priority), handle 0x"
      + String(handle, radix: 16)
  }

  var kind: HookKind {
    HookKind(linkTypes: [.filter], updatesInPlace: true, holdsOne: true, isQueryable: true)
  }
  var capability: String? { "CAP_NET_ADMIN" }
  var interface: InterfaceName? { at }

  func moved(to interface: InterfaceName) -> Hook? {
    var moved = self
    moved.at = interface
    return .filter(moved)
  }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    link.target == .filter(self, interface: UInt32(truncatingIfNeeded: targetID))
  }

  /// What stands for a link's id, which the kernel has none for: the place as a number that no link
  /// has.
  public func id(interface index: UInt32) -> UInt32 {
    let text = "\(at.namespace.specText)/\(index)/\(isEgress)/\(priority)/\(handle)"
    return Digest.short(text) | 1 << 31
  }
}

extension Digest {
  /// 32 bits of a text's digest (FNV-1a).
  static func short(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}

extension FilterHook {
  public static let defaultPriority: UInt16 = 50

  /// The handle that an attachment has unless the manifest says otherwise: always the same, and
  /// another one for each owner and name.
  public static func defaultHandle(owner: String, name: String) -> UInt32 {
    max(Digest.short("\(owner)/\(name)"), 1)
  }
}

extension LinkType {
  /// Not the kernel's: what a filter is where links are spoken of.
  static let filter = LinkType(rawValue: .max)
}

extension Hook {
  /// Programs stand there without a link, and without a pin.
  public var filter: FilterHook? { if case .filter(let hook) = self { hook } else { nil } }
}

extension ObservedHook {
  /// The filter that stands there, in the shape of a link.
  public var filterLink: ObservedLink? {
    guard let filter = hook.filter, let program = occupants.first?.programID, program != 0 else {
      return nil
    }
    let index = UInt32(truncatingIfNeeded: targetID)
    return ObservedLink(
      id: filter.id(interface: index), type: .filter, programID: program,
      target: .filter(filter, interface: index))
  }
}

extension ObservedLink {
  /// Where it is, if it is no link but a filter.
  public var filter: FilterHook? {
    if case .filter(let hook, _) = target { hook } else { nil }
  }
}

extension Ownership {
  /// The filter of ours that stands at a hook. One that runs somebody else's program is theirs.
  func filter(at hook: FilterHook) -> ObservedLink? {
    observed.links.first { $0.filter == hook && owns(program: $0.programID) }
  }

  /// All filters of an attachment: at the hooks that the inventory names, and at the declared one.
  func filters(of address: Address, declared: Hook?) -> [ObservedLink] {
    var hooks = (inventory?.resources[address]?.specs ?? []).compactMap(Hook.init(spec:))
    // Of two that an interrupted apply left, the one that is in its place already.
    if let declared { hooks.insert(declared, at: hooks.contains(declared) ? 0 : hooks.count) }
    var found: [ObservedLink] = []
    for hook in hooks.compactMap(\.filter) {
      if let link = filter(at: hook), !found.contains(link) { found.append(link) }
    }
    return found
  }

  /// Where filters of the address stand that a claim does not name.
  public func strayPlaces(of address: Address, besides claim: InventoryResource) -> [Spec] {
    let named = claim.specs.compactMap { Hook(spec: $0)?.filter }
    return filters(of: address, declared: nil).compactMap(\.filter)
      .filter { !named.contains($0) }.map(\.spec)
  }

  /// Filters of ours beside the live one, which an interrupted apply left.
  func strayFilters(of address: Address) -> [ObservedLink] {
    let live = liveLink(address)
    return filters(of: address, declared: nil).filter { $0 != live }
  }
}
