import BPFObject
import Planning

/// What is written down about the apply: before the first visible step, and after the last.
extension Execution {
  func writeIntent() throws(KernelFailure) {
    if let confirmation = options.confirmation { try arm(confirmation) }
    // Before the intent, so that it can name them: whoever comes after a kill has to know whose they
    // are.
    for step in plan.steps {
      switch step {
      case .publishPin(let address), .restorePin(let address, _):
        let path = try pinSpec(for: address).path
        if !isOurs(path) { try makeDirectories(for: path) }
      default: break
      }
    }
    // Recorded first: writing takes several calls and can stop between them.
    recordInventoryUndo()
    try write(intent())
  }

  func writeFinal() throws(KernelFailure) {
    try sweepStaging()
    recordInventoryUndo()
    try write(final())
  }

  func removeInventory() throws(KernelFailure) {
    try sweepStaging()
    recordInventoryUndo()
    try kernel.removeInventory(root: desired.root)
  }

  func write(_ inventory: Inventory) throws(KernelFailure) {
    try kernel.writeInventory(inventory, root: desired.root)
    written = inventory
    // An interrupted write's staging is replaced by the next one's.
    pins["\(PinPath.stagingRoot(desired.root))/inventory"] = nil
  }

  /// Goes back to what was written before this step: of a final inventory to the intent, which
  /// claims what is still to be undone.
  private func recordInventoryUndo() {
    let former = written ?? observed.inventory
    journal.record(currentStep, "inventory") { [self] () throws(KernelFailure) in
      guard var old = former else {
        try kernel.removeInventory(root: desired.root)
        return
      }
      // A link that had to be attached again bears another id.
      for address in old.resources.keys {
        switch address {
        case .attachment, .pin: renumber(&old.resources[address])
        case .map, .program: break
        }
      }
      try write(old)
    }
  }

  private func renumber(_ resource: inout InventoryResource?) {
    if let id = resource?.current?.id, let new = reattached[id] { resource?.current?.id = new }
    if let id = resource?.next?.id, let new = reattached[id] { resource?.next?.id = new }
  }

  // MARK: Contents

  /// The union of what was and what is to be.
  func intent() -> Inventory {
    var inventory = header(.intent)
    for address in ownership.claimedAddresses {
      inventory.resources[address] = InventoryResource(current: applied(address))
    }
    for address in declaredAddresses {
      var next = record(for: address)
      next.migratedFrom = unmerged(address)
      let current = applied(address)
      inventory.resources[address] = InventoryResource(
        current: current, next: next == current ? nil : next)
    }
    for address in inventory.resources.keys {
      inventory.resources[address]?.bases = bases(of: address)
    }
    for (address, resource) in inventory.resources {
      inventory.resources[address]?.remains = remains(of: address, besides: resource)
      let stray = ownership.strayPlaces(of: address, besides: resource)
      inventory.resources[address]?.strayPlaces = stray.isEmpty ? nil : stray
    }
    return inventory
  }

  /// What is known of migrations that have not ended: of this apply's, and of those before it as long as
  /// one of their maps is there.
  private func bases(of address: Address) -> [MigrationBase]? {
    let alive = Set(observed.maps.map(\.id))
    var bases = ownership.bases(of: address).filter {
      alive.contains($0.source) || alive.contains($0.target)
    }
    if case .map(let ref) = address, let base = migrations[ref]?.base, let new = made[address],
      let source = changes[address]?.liveID
    {
      bases.append(MigrationBase(source: source, target: new.id, map: base.id))
    }
    return bases.isEmpty ? nil : bases
  }

  /// What an interrupted apply left of the address besides the claim that is in force: it may be
  /// pinned in the address's place still.
  private func remains(of address: Address, besides resource: InventoryResource) -> [UInt32]? {
    guard let former = observed.inventory?.resources[address] else { return nil }
    let alive: Set<UInt32> =
      switch address.objectKind {
      case .map: Set(observed.maps.map(\.id))
      case .program: Set(observed.programs.map(\.id))
      case .link: Set(observed.links.map(\.id))
      case nil: []
      }
    let ids = former.ids.subtracting(resource.ids).intersection(alive)
    return ids.isEmpty ? nil : ids.sorted()
  }

  /// What is declared, as it is now; and what an incomplete plan had to leave alone.
  func final() -> Inventory {
    var inventory = header(.final)
    for address in ownership.claimedAddresses where changes[address] == nil {
      inventory.resources[address] = InventoryResource(current: applied(address))
    }
    for address in declaredAddresses {
      if vanished.contains(address) {
        // What there was before is recorded, so that the next plan clears it up.
        if let old = applied(address), old.id != 0 {
          inventory.resources[address] = InventoryResource(current: old)
        }
        continue
      }
      inventory.resources[address] = InventoryResource(current: record(for: address))
    }
    return inventory
  }

  private func header(_ state: Inventory.State) -> Inventory {
    var inventory = Inventory(
      owner: desired.owner, manifestPath: desired.manifestPath,
      manifestDigest: desired.manifestDigest)
    inventory.state = state
    inventory.toolVersion = options.toolVersion
    inventory.userID = options.userID
    inventory.time = options.time
    inventory.bootID = observed.host.bootID
    inventory.bpffsDevice = observed.host.bpffsDevice
    inventory.objects = desired.objects.mapValues(\.fileDigest)
    inventory.directories = directories(state)
    inventory.confirmation = pending
    return inventory
  }

  /// Directories outside the owner's: those that were ours, and those made now. In the final
  /// inventory only those that a declared pin still needs.
  private func directories(_ state: Inventory.State) -> [String] {
    let known = Set((observed.inventory?.directories ?? []) + madeDirectories)
    let sorted = known.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    if state == .intent { return sorted }
    let paths = declaredAddresses.compactMap { try? pinSpec(for: $0).path }
    return sorted.filter { directory in paths.contains { $0.hasPrefix(directory + "/") } }
  }

  var declaredAddresses: [Address] {
    desired.maps.filter { $0.external == nil }.map { .map($0.ref) }
      + desired.programs.map { .program($0.ref) } + desired.attachments.map(\.address)
      + desired.pins.map { .pin($0.name) }
  }

  /// The claim that is in force. An intent only announced its links: those that a killed apply made
  /// are named by now, or they would be forgotten with it.
  func applied(_ address: Address) -> AppliedResource? {
    var claim = ownership.last(address)
    if case .attachment = address, let live = ownership.liveID(address) { claim?.id = live }
    return claim
  }

  /// As it is declared and, by now, identified.
  private func record(for address: Address) -> AppliedResource {
    let live = changes[address]?.liveID
    if made[address] == nil, changes[address]?.action == .unchanged, let old = applied(address),
      old.id == live ?? old.id, old.spec == spec(of: address), old.migratedFrom == nil
    {
      return old
    }
    var record = AppliedResource(
      spec: spec(of: address), id: made[address]?.id ?? filters[address] ?? live ?? 0)
    switch address {
    case .map(let ref):
      // Where the kernel has no BTF to tell.
      if let map = maps[ref], map.object == nil, map.onReplace == .migrate {
        record.valueLayout = map.valueLayout
      }
      if let entries = maps[ref]?.entries, entries.policy == .merge {
        record.mergedKeys = (0..<entries.table.count).map { hex(entries.table.key($0)) }
      }
    case .program:
      record.tag = made[address]?.tag ?? observed.programs.first { $0.id == live }?.tag
    case .attachment:
      // Announced, not made yet: the old link goes.
      if !isLinkKept(address), made[address] == nil, filters[address] == nil { record.id = 0 }
    case .pin(let name):
      guard let target = extraPins[name]?.target else { break }
      record.id = made[target]?.id ?? changes[target]?.liveID ?? 0
    }
    return record
  }

  /// The maps that still have to be merged into the one of the address.
  private func unmerged(_ address: Address) -> [UInt32]? {
    var sources: Set<UInt32> = []
    for step in plan.steps {
      switch step {
      case .mergeEntries(let ref, let source) where address == .map(ref):
        sources.insert(source)
      case .completeMigration(let ref, let unfinished) where address == .map(ref):
        sources.insert(unfinished.source)
      default: break
      }
    }
    return sources.isEmpty ? nil : sources.sorted()
  }

  private func isLinkKept(_ address: Address) -> Bool {
    !plan.steps.contains {
      switch $0 {
      case .createLink(address), .recreateLink(address, _): true
      default: false
      }
    }
  }

  private func spec(of address: Address) -> Spec {
    switch address {
    case .map(let ref): maps[ref]?.spec ?? Spec()
    case .program(let ref): programs[ref]?.spec ?? Spec()
    case .attachment: attachments[address]?.spec ?? Spec()
    case .pin(let name): extraPins[name]?.spec ?? Spec()
    }
  }

  private func hex(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
