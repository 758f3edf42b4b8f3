extension ObservationScope {
  /// What planning for a manifest has to see. Add what the owner's inventory names with
  /// `including(_:)` once it is read.
  public init(desired: DesiredState) {
    self.init(owner: desired.owner, root: desired.root)
    self.desired = desired
    for goal in Goal.all(of: desired).values {
      include(goal.address, goal.spec)
      if goal.map?.entries != nil, case .map(let ref) = goal.address { contents.insert(ref) }
      // Interface indexes are asked for by their names.
      for case .interface(let name, _) in (goal.map?.entries?.references ?? [:]).values {
        interfaces.insert(InterfaceName(name: name))
      }
    }
  }

  /// What comparing an owner's kernel objects with what was last applied has to see.
  public init(inventory: Inventory, root: String) {
    self.init(owner: inventory.owner, root: root)
    self = including(inventory)
  }

  /// With the places that the inventory names: pins that moved, hooks that were left.
  public func including(_ inventory: Inventory) -> ObservationScope {
    var scope = self
    for (address, resource) in inventory.resources {
      for applied in [resource.current, resource.next].compactMap(\.self) {
        scope.include(address, applied.spec)
      }
    }
    return scope
  }

  private mutating func include(_ address: Address, _ spec: Spec) {
    for path in [spec.text("pin.path"), spec.text("external")].compactMap(\.self)
    where !PinPath.isBelow(root, path) { paths.insert(path) }
    switch address {
    case .attachment: if let hook = Hook(spec: spec) { hooks.insert(hook.place) }
    case .map(let ref): if spec["entries.digest"] != nil { contents.insert(ref) }
    case .program, .pin: break
    }
  }
}
