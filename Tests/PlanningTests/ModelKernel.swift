import BPFObject
import Planning

/// A kernel of a few lines: what a plan's steps do to an observed state. It knows what keeps an
/// object alive, so that an apply can be cut off after any step.
struct ModelKernel {
  var observed: ObservedState
  private var nextID: UInt32 = 1

  init(cpus: Int = 2) {
    observed = ObservedState(
      host: HostFacts(
        bootID: "boot-1", kernelRelease: "6.18.0", possibleCPUs: cpus, tagAlgorithm: .sha256,
        bpffsDevice: 42))
  }

  /// Makes every hook of the desired state exist, unless it is there already.
  mutating func provideHooks(_ desired: DesiredState) {
    for (index, attachment) in desired.attachments.enumerated()
    where !observed.hooks.contains(where: { $0.hook.place == attachment.hook.place }) {
      let hasTarget =
        switch attachment.hook {
        case .xdp, .tcx, .netkit, .cgroup, .networkNamespace: true
        default: false
        }
      observed.hooks.append(
        ObservedHook(
          hook: attachment.hook.place, targetID: hasTarget ? UInt64(100 + index) : 0))
    }
  }

  /// Executes the first `count` steps (all by default) and dies, or ends.
  mutating func apply(_ plan: Plan, _ desired: DesiredState, steps count: Int? = nil) {
    var run = Run(
      plan: plan, desired: desired.keepingProtection(of: observed).canonical, before: observed)
    for step in plan.steps.prefix(count ?? plan.steps.count) { perform(step, &run) }
    collectGarbage()
  }

  struct Run {
    var plan: Plan
    var desired: DesiredState
    var before: ObservedState
    var made: [Address: UInt32] = [:]

    /// What was applied, under the names that it has now.
    var claims: [Address: InventoryResource] {
      before.inventory?.applying(desired.moves).inventory.resources ?? [:]
    }

    func liveID(_ address: Address) -> UInt32? {
      if let id = made[address] { return id }
      if case .pin(let name) = address {
        return desired.pins.first { $0.name == name }.flatMap { liveID($0.target) }
      }
      return plan.changes.first { $0.address == address }?.liveID
    }

    func pin(_ address: Address) -> PinSpec {
      switch address {
      case .map(let ref): desired.maps.first { $0.ref == ref }!.pin
      case .program(let ref): desired.programs.first { $0.ref == ref }!.pin
      case .attachment: desired.attachments.first { $0.address == address }!.pin
      case .pin(let name): desired.pins.first { $0.name == name }!.pin
      }
    }

    func kind(_ address: Address) -> ObjectKind {
      switch address {
      case .map: .map
      case .program: .program
      case .attachment: .link
      case .pin(let name): kind(desired.pins.first { $0.name == name }!.target)
      }
    }

    func spec(_ address: Address) -> Spec {
      switch address {
      case .map(let ref): desired.maps.first { $0.ref == ref }!.spec
      case .program(let ref): desired.programs.first { $0.ref == ref }!.spec
      case .attachment: desired.attachments.first { $0.address == address }!.spec
      case .pin(let name): desired.pins.first { $0.name == name }!.spec
      }
    }

    var addresses: [Address] {
      desired.maps.filter { $0.external == nil }.map { .map($0.ref) }
        + desired.programs.map { .program($0.ref) } + desired.attachments.map(\.address)
        + desired.pins.map { .pin($0.name) }
    }
  }

  private mutating func newID() -> UInt32 {
    defer { nextID += 1 }
    return nextID
  }

  private mutating func perform(_ step: Step, _ run: inout Run) {
    let root = run.desired.root
    switch step {
    case .createMap(let ref): createMap(run.desired.maps.first { $0.ref == ref }!, &run)
    case .fillReferences(let ref):
      let map = run.desired.maps.first { $0.ref == ref }!
      for (key, references) in map.entries!.sortedReferences {
        for case let target? in references.map(\.address) {
          set(key, number: run.liveID(target)!, like: map, in: run.liveID(.map(ref))!)
        }
      }
    case .loadProgram(let ref): loadProgram(run.desired.programs.first { $0.ref == ref }!, &run)
    case .testProgram: break
    case .writeIntent: observed.inventory = inventory(.intent, run)
    case .writeFinal: observed.inventory = inventory(.final, run)
    case .removeInventory: observed.inventory = nil
    case .stagePin(let address):
      pin(run.kind(address), run.liveID(address)!, run.pin(address), at: staging(address, root))
    case .publishPin(let address): exchange(staging(address, root), run.pin(address).path)
    case .restorePin(let address, let id):
      let staged = staging(address, root)
      observed.pins.removeAll { $0.path == staged }
      pin(run.kind(address), id, run.pin(address), at: staging(address, root))
      exchange(staging(address, root), run.pin(address).path)
    case .setPinAttributes(let address):
      setAttributes(run.pin(address))
    case .createLink(let address): createLink(address, &run)
    case .recreateLink(let address, let link):
      if let link { detach(link) }
      createLink(address, &run)
    case .updateLink(let address, let id, let expected):
      let program = run.desired.attachments.first { $0.address == address }!.program
      let index = observed.links.firstIndex { $0.id == id }!
      precondition(observed.links[index].programID == expected)
      observed.links[index].programID = run.liveID(.program(program))!
      for hook in observed.hooks.indices {
        for place in observed.hooks[hook].occupants.indices
        where observed.hooks[hook].occupants[place].linkID == id {
          observed.hooks[hook].occupants[place].programID = observed.links[index].programID
        }
      }
    case .changeEntries(let ref):
      for change in run.plan.changes.first(where: { $0.address == .map(ref) })!.entries!.changes {
        changeEntry(change, run.desired.maps.first { $0.ref == ref }!, run)
      }
    case .freezeMap(let ref):
      observed.maps[observed.maps.firstIndex { $0.id == run.liveID(.map(ref)) }!].frozen = true
    case .detachLink(_, let link): detach(link)
    case .movePin(_, let from, let to): exchange(from, to)
    case .detachLegacy(_, let program):
      for hook in observed.hooks.indices {
        observed.hooks[hook].occupants.removeAll { $0.programID == program && $0.linkID == nil }
      }
    case .copyEntries(let ref, let source):
      let map = run.desired.maps.first { $0.ref == ref }!
      let live = observed.maps.first { $0.id == source }!
      let conversion = ValueConversion(from: live, last: nil, to: map)
      let index = observed.maps.firstIndex { $0.id == run.liveID(.map(ref)) }!
      observed.maps[index].contents = live.contents.map {
        conversion.convert(
          map.carried($0, last: nil), isPerCPU: stored([0], map.map.type).count > 1)
      }
    case .clearReferences, .mergeEntries, .completeMigration: break
    case .removePin(_, let path), .removeLeftover(let path):
      observed.pins.removeAll { $0.path == path }
    }
    if step == .writeFinal || step == .removeInventory {
      // What publishing displaced goes at the end.
      observed.pins.removeAll { PinPath.isBelow(PinPath.stagingRoot(root), $0.path) }
    }
  }

  private func staging(_ address: Address, _ root: String) -> String {
    PinPath.staging(of: address, root: root)
  }

  // MARK: Objects

  private mutating func createMap(_ desired: DesiredMap, _ run: inout Run) {
    let spec = desired.map
    var flags = spec.flags & ~(1 << 3 | 1 << 4)
    if [.devmap, .devmapHash].contains(spec.type) { flags |= 1 << 7 }
    var map = ObservedMap(
      id: newID(), name: spec.kernelName, type: spec.type, keySize: spec.keySize,
      valueSize: spec.valueSize,
      maxEntries: spec.type == .perfEventArray && spec.maxEntries == 0
        ? UInt32(observed.host.possibleCPUs) : spec.maxEntries, flags: flags, extra: spec.extra)
    map.frozen = desired.freeze || spec.data?.kind == .rodata
    if let entries = desired.entries {
      let table = entries.table(interfaces: observed.interfaces)
      var keys: [UInt8] = []
      var values: [UInt8] = []
      for row in 0..<table.count {
        let key = Array(table.key(row))
        if entries.references[key]?.contains(where: { $0.address != nil }) == true { continue }
        keys += key
        values += stored(Array(table.value(row)), spec.type)
      }
      map.contents = EntryTable(
        keySize: table.keySize, valueSize: stored(zeros(table.valueSize), spec.type).count,
        keys: keys, values: values)
    }
    observed.maps.append(map)
    run.made[.map(desired.ref)] = map.id
  }

  private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  /// One CPU's value as the kernel gives it back.
  private func stored(_ value: [UInt8], _ type: MapType) -> [UInt8] {
    guard [.percpuArray, .percpuHash, .lruPercpuHash].contains(type) else { return value }
    let padded = value + zeros((8 - value.count % 8) % 8)
    return (0..<observed.host.possibleCPUs).flatMap { _ in padded }
  }

  private mutating func set(_ key: [UInt8], number: UInt32, like map: DesiredMap, in id: UInt32) {
    let table = map.entries!.table(interfaces: observed.interfaces)
    var value = Array(table.value(table.row(of: key)!))
    let offset = map.entries!.references[key]!.first { $0.address != nil }!.offset
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    value.replaceSubrange(offset..<offset + 4, with: bytes)
    write(key, value, in: id)
  }

  mutating func write(_ key: [UInt8], _ value: [UInt8]?, in id: UInt32) {
    let index = observed.maps.firstIndex { $0.id == id }!
    let old = observed.maps[index].contents!
    var keys: [UInt8] = []
    var values: [UInt8] = []
    for row in 0..<old.count where Array(old.key(row)) != key {
      keys += old.key(row)
      values += old.value(row)
    }
    if let value {
      keys += key
      values += value
    }
    observed.maps[index].contents = EntryTable(
      keySize: old.keySize, valueSize: old.valueSize, keys: keys, values: values)
  }

  private mutating func changeEntry(_ change: EntryChange, _ map: DesiredMap, _ run: Run) {
    let id = run.liveID(.map(map.ref))!
    if let target = change.target {
      set(change.key, number: run.liveID(target.address)!, like: map, in: id)
    } else {
      write(change.key, change.after.map { stored($0, map.map.type) }, in: id)
    }
  }

  private mutating func loadProgram(_ desired: DesiredProgram, _ run: inout Run) {
    let maps = Set(desired.bindings.values).compactMap { ref in
      run.desired.maps.first { $0.ref == ref }?.external.flatMap { path in
        observed.pins.first { $0.path == path }?.id
      } ?? run.liveID(.map(ref))
    }
    let program = ObservedProgram(
      id: newID(), name: MapSpec.kernelName(for: desired.image.name), type: desired.image.type,
      tag: ModelKernel.tag(of: desired), mapIDs: maps.sorted(),
      metadata: ProgramMetadata(
        owner: run.desired.owner, object: desired.object, digest: desired.digest,
        bpffsDevice: observed.host.bpffsDevice))
    observed.programs.append(program)
    run.made[.program(desired.ref)] = program.id
  }

  /// The tag that the planner predicts for the fixture's programs.
  static func tag(of program: DesiredProgram) -> String {
    TagPredictionProbe.tag(of: program.image)
  }

  private mutating func createLink(_ address: Address, _ run: inout Run) {
    let attachment = run.desired.attachments.first { $0.address == address }!
    let program = run.liveID(attachment.subject)!
    let hook = observed.hooks.firstIndex { $0.hook.place == attachment.hook.place }!
    if case .extension(let extended) = attachment.hook {
      observed.hooks[hook].targetID = UInt64(extendedID(extended, run))
      observed.hooks[hook].isListed = true
    }
    let target = observed.hooks[hook].targetID
    let (type, linkTarget) = link(of: attachment, on: target, program, run)
    let id = attachment.hook.filter?.id(interface: UInt32(target)) ?? newID()
    observed.links.append(
      ObservedLink(id: id, type: type, programID: program, target: linkTarget))
    if target != 0 {
      let place = place(of: address, on: observed.hooks[hook], run)
      observed.hooks[hook].occupants.insert(
        .init(programID: program, linkID: attachment.hook.filter == nil ? id : nil), at: place)
    }
    if case .xdp(_, let mode) = attachment.hook {
      observed.hooks[hook].xdpMode = mode == .auto ? .generic : mode
    }
    run.made[address] = id
  }

  /// Behind the nearest neighbour that is there, else before one, else at the end.
  private func place(of address: Address, on hook: ObservedHook, _ run: Run) -> Int {
    let end = hook.occupants.count
    guard let change = run.plan.changes.first(where: { $0.address == address }),
      let neighbours = change.neighbours
    else { return end }
    if neighbours.isFirst { return 0 }
    if neighbours.isLast { return end }
    func index(_ neighbour: LinkNeighbours.Neighbour) -> Int? {
      switch neighbour {
      case .link(let id): return hook.occupants.firstIndex { $0.linkID == id }
      case .program(let id): return hook.occupants.firstIndex { $0.programID == id }
      case .attachment(let other):
        let change = run.plan.changes.first { $0.address == other }
        let isNew = change?.action == .create || change?.action == .replace
        guard let id = run.made[other] ?? (isNew ? nil : change?.liveID) else { return nil }
        return hook.occupants.firstIndex { $0.linkID == id }
      }
    }
    if let earlier = neighbours.behind.lazy.compactMap(index).first { return earlier + 1 }
    return neighbours.before.lazy.compactMap(index).first ?? end
  }

  mutating func detach(_ id: UInt32) {
    guard let index = observed.links.firstIndex(where: { $0.id == id }) else { return }
    observed.links[index].target = ModelKernel.withoutTarget(observed.links[index].target)
    for hook in observed.hooks.indices {
      observed.hooks[hook].occupants.removeAll { $0.linkID == id }
    }
  }

  static func withoutTarget(_ target: LinkTarget) -> LinkTarget {
    switch target {
    case .interface(_, let type): .interface(index: 0, attachType: type)
    case .cgroup(_, let type): .cgroup(id: 0, attachType: type)
    case .networkNamespace(_, let type): .networkNamespace(inode: 0, attachType: type)
    case .socketMap(_, let type): .socketMap(id: 0, attachType: type)
    default: target
    }
  }

  // MARK: Pins and life

  private mutating func pin(
    _ kind: ObjectKind, _ id: UInt32, _ spec: PinSpec, at path: String
  ) {
    precondition(!observed.pins.contains { $0.path == path }, "EEXIST \(path)")
    observed.pins.append(
      ObservedPin(
        path: path, kind: kind, id: id, mode: spec.mode, owner: spec.owner, group: spec.group))
  }

  private mutating func setAttributes(_ pin: PinSpec) {
    for index in observed.pins.indices where observed.pins[index].path == pin.path {
      observed.pins[index].mode = pin.mode
      observed.pins[index].owner = pin.owner
      observed.pins[index].group = pin.group
    }
  }

  private mutating func exchange(_ source: String, _ path: String) {
    for index in observed.pins.indices {
      if observed.pins[index].path == source {
        observed.pins[index].path = path
      } else if observed.pins[index].path == path {
        observed.pins[index].path = source
      }
    }
  }

  /// Frees what no pin leads to.
  mutating func collectGarbage() {
    let pinned = Dictionary(grouping: observed.pins, by: \.kind).mapValues { Set($0.map(\.id)) }
    for link in observed.links where pinned[.link]?.contains(link.id) != true { detach(link.id) }
    observed.links.removeAll { pinned[.link]?.contains($0.id) != true }
    var programs = (pinned[.program] ?? []).union(observed.links.map(\.programID))
    programs.formUnion(observed.hooks.flatMap(\.occupants).map(\.programID))
    observed.programs = observed.programs.filter { programs.contains($0.id) || isInSlot($0.id) }
    let maps = (pinned[.map] ?? []).union(observed.programs.flatMap(\.mapIDs))
    observed.maps.removeAll { !maps.contains($0.id) }
  }

  private func isInSlot(_ id: UInt32) -> Bool {
    observed.maps.contains { map in
      guard map.type == .progArray, let contents = map.contents else { return false }
      return (0..<contents.count).contains { row in
        contents.value(row).reversed().reduce(0) { $0 << 8 | UInt32($1) } == id
      }
    }
  }

  // MARK: Inventory, as the applier writes it

  private func inventory(_ state: Inventory.State, _ run: Run) -> Inventory {
    var inventory = Inventory(
      owner: run.desired.owner, manifestPath: run.desired.manifestPath,
      manifestDigest: run.desired.manifestDigest)
    inventory.state = state
    inventory.bootID = observed.host.bootID
    let before = run.claims
    if state == .intent {
      for address in before.keys {
        inventory.resources[address] = InventoryResource(current: applied(address, run))
      }
    }
    for address in run.addresses {
      let record = record(address, run)
      if state == .final {
        inventory.resources[address] = InventoryResource(current: record)
      } else {
        let current = applied(address, run)
        inventory.resources[address] = InventoryResource(
          current: current, next: record == current ? nil : record)
      }
    }
    return inventory
  }

  private func applied(_ address: Address, _ run: Run) -> AppliedResource? {
    guard let resource = run.claims[address] else { return nil }
    guard var next = resource.next,
      let live = run.plan.changes.first(where: { $0.address == address })?.liveID
    else { return resource.current }
    if next.id != live, resource.current?.id == live { return resource.current }
    if next.id == 0 { next.id = live }
    return next.id == live ? next : resource.current
  }

  private func record(_ address: Address, _ run: Run) -> AppliedResource {
    var record = AppliedResource(spec: run.spec(address), id: run.liveID(address) ?? 0)
    if case .map(let ref) = address,
      let entries = run.desired.maps.first(where: { $0.ref == ref })?.entries,
      entries.policy == .merge
    {
      record.mergedKeys = (0..<entries.table.count).map { row in
        entries.table.key(row).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      }
    }
    let makesLink = run.plan.steps.contains {
      switch $0 {
      case .createLink(address), .recreateLink(address, _): true
      default: false
      }
    }
    if case .attachment = address, makesLink, run.made[address] == nil { record.id = 0 }
    return record
  }
}
