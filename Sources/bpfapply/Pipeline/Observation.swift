import BPFObject
import Planning
import Reconciling

extension ObservationScope {
  /// What a plan for this desired state looks at.
  init(_ desired: DesiredState) {
    self.init(owner: desired.owner, root: desired.root)
    let pins =
      desired.maps.map(\.pin.path) + desired.programs.map(\.pin.path)
      + desired.attachments.map(\.pin.path) + desired.pins.map(\.pin.path)
      + desired.maps.compactMap(\.external)
    paths = Set(pins.filter { !$0.hasPrefix(desired.root + "/") })
    hooks = Set(desired.attachments.map(\.hook.anyMode))
    contents = Set(desired.maps.filter { $0.entries != nil || $0.map.data != nil }.map(\.ref))
  }

  /// Adds what was applied and is perhaps no longer asked for; returns whether that is anything new.
  mutating func include(_ inventory: Inventory) -> Bool {
    let before = (paths.count, hooks.count, contents.count)
    for (address, resource) in inventory.resources {
      for applied in [resource.current, resource.next] {
        guard let applied else { continue }
        if case .text(let path)? = applied.spec["pin.path"], !path.hasPrefix(root + "/") {
          paths.insert(path)
        }
        if let hook = applied.hook { hooks.insert(hook.anyMode) }
        if case .map(let ref) = address, applied.spec["entries.policy"] != nil {
          contents.insert(ref)
        }
      }
    }
    return before != (paths.count, hooks.count, contents.count)
  }
}

extension Hook {
  /// XDP has one hook on an interface, whatever its mode.
  fileprivate var anyMode: Hook {
    if case .xdp(let interface, _) = self { return .xdp(interface: interface, mode: .auto) }
    return self
  }
}

extension Kernel {
  /// Looks at what the scope names and at what the owner's inventory adds to it.
  func observeOwner(_ scope: ObservationScope) throws(KernelFailure) -> ObservedState {
    let observed = try observe(scope)
    var wider = scope
    guard let inventory = observed.inventory, wider.include(inventory) else { return observed }
    return try observe(wider)
  }
}
