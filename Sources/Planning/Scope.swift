extension ObservationScope {
  /// What planning for a manifest has to see. Add what the owner's inventory names with
  /// `including(_:)` once it is read.
  public init(desired: DesiredState) {
    self.init(owner: desired.owner, root: desired.root)
    self.desired = desired
    for map in desired.maps {
      include(path: map.external ?? map.pin.path)
      if let path = map.adopt { include(path: path) }
      guard map.external == nil, let entries = map.entries else { continue }
      contents.insert(map.ref)
      // Interface indexes are asked for by their names.
      for name in entries.interfaceNames { interfaces.insert(InterfaceName(name: name)) }
    }
    for program in desired.programs {
      include(path: program.pin.path)
      if let path = program.adopt { include(path: path) }
      if case .pin(let path)? = program.extends { include(path: path) }
    }
    for attachment in desired.attachments {
      include(path: attachment.pin.path)
      if case .pin(let path)? = attachment.adopt { include(path: path) }
      include(attachment.order)
      if let hook = Hook(spec: attachment.hook.spec) { hooks.insert(hook.place) }
    }
    for selection in desired.selections {
      namespaces.insert(selection.namespace)
      include(selection.template.order)
    }
    for pin in desired.pins { include(path: pin.pin.path) }
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
      for spec in resource.specs { scope.include(address, spec) }
    }
    return scope
  }

  private mutating func include(_ address: Address, _ spec: Spec) {
    for path in [spec.text("pin.path"), spec.text("external")] {
      if let path { include(path: path) }
    }
    switch address {
    case .attachment:
      if let hook = Hook(spec: spec) {
        hooks.insert(hook.place)
        if case .pinnedProgram(let path)? = hook.target { include(path: path) }
      }
      include(AttachmentOrder(spec: spec))
    case .map(let ref): if spec["entries.digest"] != nil { contents.insert(ref) }
    case .program, .pin: break
    }
  }

  /// Pins that an order names.
  private mutating func include(_ order: AttachmentOrder?) {
    for case .pin(let path) in order?.anchors ?? [] { include(path: path) }
  }

  private mutating func include(path: String) {
    if !PinPath.isBelow(root, path) { paths.insert(path) }
  }
}
