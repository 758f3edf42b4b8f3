internal import BPFObject

extension Ownership {
  /// What the manifest takes over, where it is not ours already: an adoption that was made is of no
  /// account any more. With an adopted program come the maps that it uses, unless others are named.
  func findAdoptions(_ desired: DesiredState) -> [Address: Adoption] {
    var found: [Address: Adoption] = [:]
    func adopt(_ address: Address, _ kind: ObjectKind, _ path: String?) {
      guard let path, isFree(address, kind), let pin = pin(at: path), pin.kind == kind else {
        return
      }
      found[address] = Adoption(kind: kind, id: pin.id, path: path)
    }
    for map in desired.maps { adopt(.map(map.ref), .map, map.adopt) }
    for program in desired.programs { adopt(.program(program.ref), .program, program.adopt) }
    for attachment in desired.attachments {
      guard case .pin(let path)? = attachment.adopt else { continue }
      adopt(attachment.address, .link, path)
    }
    guard !found.isEmpty else { return found }
    let maps = Dictionary(desired.maps.map { ($0.ref, $0) }) { first, _ in first }
    for program in desired.programs {
      guard let adopted = found[.program(program.ref)] else { continue }
      for ref in Set(program.bindings.values).sorted() {
        guard let map = maps[ref], map.external == nil, map.adopt == nil, found[.map(ref)] == nil,
          isFree(.map(ref), .map), let id = mapLike(map.map, of: adopted.id)
        else { continue }
        found[.map(ref)] = Adoption(kind: .map, id: id, path: nil)
      }
    }
    return found
  }

  /// Nothing of ours goes by that address.
  func isFree(_ address: Address, _ kind: ObjectKind) -> Bool {
    guard inventory == nil else { return inventory?.resources[address] == nil }
    return pin(at: PinPath.path(of: address, root: root))?.kind != kind
  }

  /// The only map of a program that looks like it.
  private func mapLike(_ spec: MapSpec, of program: UInt32) -> UInt32? {
    let maps = (programsByID[program]?.mapIDs ?? []).compactMap { mapsByID[$0] }
      .filter { $0.name == spec.kernelName && $0.type == spec.type }
    return maps.count == 1 ? maps[0].id : nil
  }

  /// What the observer should find out about: objects in declared places that are not the owner's.
  /// Their pins and processes are left to be filled in.
  public static func strangers(
    _ scope: ObservationScope, observedSoFar observed: ObservedState
  ) -> [ForeignObject] {
    guard let desired = scope.desired else { return [] }
    var claimed: [ObjectKind: Set<UInt32>] = [:]
    for (address, resource) in observed.inventory?.resources ?? [:] {
      let ids = [resource.current?.id, resource.next?.id].compactMap(\.self)
      switch address {
      case .map: claimed[.map, default: []].formUnion(ids)
      case .program: claimed[.program, default: []].formUnion(ids)
      case .attachment: claimed[.link, default: []].formUnion(ids)
      case .pin: break
      }
    }
    var found: Set<ForeignObject> = []
    func add(_ kind: ObjectKind, _ id: UInt32) {
      guard claimed[kind]?.contains(id) != true else { return }
      found.insert(ForeignObject(kind: kind, id: id))
      guard kind == .link, let link = observed.links.first(where: { $0.id == id }) else { return }
      add(.program, link.programID)
    }
    let places = desired.declaredPlaces
    for pin in observed.pins where places.paths.contains(pin.path) { add(pin.kind, pin.id) }
    for hook in observed.hooks where places.hooks.contains(hook.hook.place) {
      for occupant in hook.occupants where claimed[.program]?.contains(occupant.programID) != true {
        if let link = occupant.linkID {
          add(.link, link)
        } else {
          add(.program, occupant.programID)
        }
      }
    }
    return found.sorted { ($0.kind.rawValue, $0.id) < ($1.kind.rawValue, $1.id) }
  }
}

extension DesiredState {
  /// Where somebody else's object would be in the way, or is to be taken over.
  fileprivate var declaredPlaces: (paths: Set<String>, hooks: Set<Hook>) {
    var paths = Set(pins.map(\.pin.path))
    paths.formUnion(maps.compactMap(\.adopt))
    paths.formUnion(programs.compactMap(\.adopt))
    var hooks: Set<Hook> = []
    for attachment in attachments {
      if case .pin(let path)? = attachment.adopt { paths.insert(path) }
      if attachment.hook.kind.holdsOne || attachment.exclusive || attachment.adopt == .legacy {
        hooks.insert(attachment.hook.place)
      }
    }
    return (paths, hooks)
  }
}
