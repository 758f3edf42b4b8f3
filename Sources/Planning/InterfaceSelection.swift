internal import BPFObject

/// Which interfaces are meant, by what they are. What is not given does not matter.
public struct InterfaceSelector: Hashable, Sendable, Codable {
  /// Patterns of names (`*` any bytes, `?` one); empty = any name.
  public var names: [String]
  /// Patterns of names that are not meant.
  public var except: [String]
  /// `veth`, `bridge` …, as `ip -details link` calls them; physical ones have none.
  public var kinds: [String]
  public var drivers: [String]
  public var group: UInt32?
  /// Whether it was set up (IFF_UP).
  public var isUp: Bool?

  public init(
    names: [String] = [], except: [String] = [], kinds: [String] = [], drivers: [String] = [],
    group: UInt32? = nil, isUp: Bool? = nil
  ) {
    self.names = names
    self.except = except
    self.kinds = kinds
    self.drivers = drivers
    self.group = group
    self.isUp = isUp
  }

  public func matches(_ interface: ObservedInterface) -> Bool {
    let name = interface.name.name
    return (names.isEmpty || names.contains { Self.matches(name, pattern: $0) })
      && !except.contains { Self.matches(name, pattern: $0) }
      && (kinds.isEmpty || kinds.contains(interface.kind))
      && (drivers.isEmpty || drivers.contains(interface.driver))
      && group.map { $0 == interface.group } ?? true
      && isUp.map { $0 == interface.isUp } ?? true
  }

  /// In time proportional to the product of both lengths, whatever the pattern.
  static func matches(_ name: String, pattern: String) -> Bool {
    var reached: Set<Int> = [0]
    let text = Array(name.utf8)
    for byte in pattern.utf8 {
      switch byte {
      case 0x2A: if let first = reached.min() { reached = Set(first...text.count) }
      case 0x3F: reached = Set(reached.lazy.filter { $0 < text.count }.map { $0 + 1 })
      default:
        reached = Set(reached.lazy.filter { $0 < text.count && text[$0] == byte }.map { $0 + 1 })
      }
      if reached.isEmpty { return false }
    }
    return reached.contains(text.count)
  }
}

/// An attachment to every interface that a selector matches. It has no instances until the
/// interfaces are observed.
public struct InterfaceSelection: Sendable {
  public var selector: InterfaceSelector
  /// What each of them is like; the interface's name in its hook counts for nothing.
  public var template: DesiredAttachment

  public init(selector: InterfaceSelector, template: DesiredAttachment) {
    self.selector = selector
    self.template = template
  }

  public var namespace: NetworkNamespaceName { template.hook.interface?.namespace ?? .own }

  func attachments(to interfaces: [ObservedInterface], root: String) -> [DesiredAttachment] {
    interfaces.filter { $0.name.namespace == namespace && selector.matches($0) }.map { interface in
      var attachment = template
      attachment.isSelected = true
      attachment.instance = interface.name.instance
      attachment.hook = template.hook.moved(to: interface.name)
      attachment.pin.path = PinPath.path(of: attachment.address, root: root)
      return attachment
    }
  }
}

extension DesiredState {
  /// What the attachments are like that have no instances until the state is observed.
  public var templates: [DesiredAttachment] { selections.map(\.template) + everyCPU }

  /// The same state with an attachment for each interface that a selector matches, and each CPU. Whoever plans or
  /// applies works on this; to do it twice does no harm.
  ///
  /// An interface that vanished while the state was observed is not there.
  public func resolved(for observed: ObservedState) -> DesiredState {
    guard !templates.isEmpty else { return self }
    let missing = Set(observed.hooks.lazy.filter { $0.missing != nil }.map(\.hook))
    var state = self
    state.attachments.removeAll(where: \.isSelected)
    for selection in selections {
      state.attachments += selection.attachments(to: observed.interfaces, root: root)
        .filter { !missing.contains($0.hook.place) }
    }
    state.attachments += attachments(toCPUs: observed.host.onlineCPUs ?? [])
    state.attachments.sort { $0.address < $1.address }
    return state
  }

  /// The addresses at which selectors match other interfaces in the one picture than in the other,
  /// an interface that was deleted and made again among them.
  public func selectedDifferently(
    in before: ObservedState, and after: ObservedState
  ) -> Set<Address> {
    let (old, new) = (selectedIndexes(before), selectedIndexes(after))
    return Set(Set(old.keys).union(new.keys).filter { old[$0] != new[$0] })
  }

  private func selectedIndexes(_ observed: ObservedState) -> [Address: UInt32] {
    let indexes = Dictionary(observed.interfaces.map { ($0.name, $0.index) }) { first, _ in first }
    var found: [Address: UInt32] = [:]
    for attachment in resolved(for: observed).attachments where attachment.isSelected {
      found[attachment.address] = attachment.hook.interface.flatMap { indexes[$0] }
    }
    return found
  }
}

extension ObservationScope {
  /// With the hooks of the interfaces that selectors match, and of the CPUs.
  public func selecting(from observed: ObservedState) -> ObservationScope {
    guard let desired, !desired.templates.isEmpty else { return self }
    var scope = self
    let resolved = desired.resolved(for: observed)
    scope.desired = resolved
    for attachment in resolved.attachments where attachment.isSelected {
      scope.hooks.insert(attachment.hook.place)
    }
    return scope
  }
}

extension InterfaceName {
  /// As addresses name it: `eth0`, `NETNS/eth0`.
  public var instance: String {
    switch namespace {
    case .own: name
    case .name(let namespace): "\(namespace)/\(name)"
    case .path(let path): path.split(separator: "/").joined(separator: "/") + "/\(name)"
    }
  }
}
