internal import BPFKernel
internal import BPFObject
public import Planning

extension LiveKernel {
  public func observe(_ scope: ObservationScope) throws(KernelFailure) -> ObservedState {
    var state = ObservedState(host: try hostFacts())
    linkSurvey = nil
    do throws(KernelFailure) {
      state.inventory = try readInventory(root: scope.root)
    } catch {
      state.limitations.append("the inventory cannot be read: \(error.message)")
    }
    // Pins elsewhere and hooks that the manifest names no more are to be found to be given up.
    var scope = state.inventory.map(scope.including) ?? scope
    try observePins(scope, &state)
    try observeObjects(&state)
    try hold(&state)
    if needsTagAlgorithm(scope, state) {
      // Without the right to load the probe the algorithm is not known, and tags prove nothing.
      state.host.tagAlgorithm = (try? TagAlgorithm.probe()).flatMap { $0 }
    }
    for namespace in scope.namespaces.sorted(by: { "\($0)" < "\($1)" }) {
      state.interfaces += try interfaces(of: namespace)
      state.listedNamespaces.append(namespace)
    }
    if scope.desired?.everyCPU.isEmpty == false {
      state.host.onlineCPUs = try wrap { () throws(KernelError) in
        try BPFKernel.HostFacts.onlineCPUs()
      }
    }
    scope = scope.selecting(from: state)
    state.host.missing = missingFeatures(scope, state.inventory)
    let targets = Ownership.targetsOfHooks(scope, observedSoFar: state)
    for hook in scope.hooks.sorted(by: { "\($0)" < "\($1)" }) {
      if let target = hook.target {
        if let id = targets[target] {
          state.hooks.append(try observe(hook, on: id, state.links))
        } else if case .pinnedProgram(let path) = target {
          state.hooks.append(
            ObservedHook(hook: hook.place, missing: "no program is pinned at \(path)"))
        }
      } else {
        let seen = try observe(hook, state.links)
        state.hooks.append(seen)
        if let filter = seen.filterLink { state.links.append(filter) }
      }
    }
    try findFilters(of: scope.owner, &state)
    for interface in scope.interfaces.sorted(by: { "\($0)" < "\($1)" })
    where !scope.namespaces.contains(interface.namespace) {
      guard let index = try index(of: interface) else { continue }
      state.interfaces.append(ObservedInterface(name: interface, index: index))
    }
    try observeContents(scope, &state)
    try identifyStrangers(scope, &state)
    return state
  }

  /// Tags are predicted only for programs that no inventory says what they are, ours or adopted; to
  /// ask the kernel how it makes tags takes a PROG_LOAD, which a mere look does without.
  private func needsTagAlgorithm(_ scope: ObservationScope, _ state: ObservedState) -> Bool {
    guard let desired = scope.desired else { return false }
    if desired.programs.contains(where: { $0.adopt != nil }) { return true }
    let ownership = Ownership(owner: scope.owner, root: scope.root, observed: state)
    return ownership.inventory == nil
      && state.programs.contains { ownership.owns(program: $0.id) }
  }

  // MARK: Pins

  private func observePins(
    _ scope: ObservationScope, _ state: inout ObservedState
  ) throws(KernelFailure) {
    // The directory is looked at whoever it belongs to; trust matters when something is changed.
    if let root = try place(of: scope.root) {
      let tree = try wrap { () throws(KernelError) -> PinTree in
        guard try root.directory.status(root.name)?.kind == .directory else { return PinTree() }
        return try root.directory.directory(root.name).walk()
      }
      for pin in tree.pins {
        record(pin.path, pin.status, pin.object.map { ($0.kind, $0.id) }, &state)
      }
    }
    for path in scope.paths.sorted() where !path.hasPrefix(scope.root + "/") {
      guard let place = try place(of: path),
        let status = try wrap({ () throws(KernelError) in
          try place.directory.status(place.name)
        })
      else { continue }
      let pinned = try wrap { () throws(KernelError) -> (BPFKernel.ObjectKind, UInt32)? in
        guard status.kind == .pin, let object = try place.directory.open(place.name) else {
          return nil
        }
        return (object.kind, try LiveObject(object).id)
      }
      record(path, status, pinned, &state)
    }
    state.pins.sort { $0.path < $1.path }
  }

  private func record(
    _ path: String, _ status: PinStatus, _ object: (kind: BPFKernel.ObjectKind, id: UInt32)?,
    _ state: inout ObservedState
  ) {
    guard let object, let kind = Planning.ObjectKind(rawValue: object.kind.rawValue) else {
      state.limitations.append("\(path) cannot be opened or is no BPF object")
      return
    }
    pinsByObject[Pin.Object(kind: object.kind, id: object.id)] = path
    state.pins.append(
      ObservedPin(
        path: path, kind: kind, id: object.id, mode: status.mode, owner: status.userID,
        group: status.groupID))
  }

  // MARK: Objects

  /// Everything on the host by id; without CAP_SYS_ADMIN only what our pins lead to.
  private func observeObjects(_ state: inout ObservedState) throws(KernelFailure) {
    var maps: [MapInfo] = []
    var programs: [ProgramInfo] = []
    var links: [LinkInfo] = []
    do throws(KernelError) {
      maps = try MapInfo.all.get()
      programs = try ProgramInfo.all.get()
      links = try LinkInfo.all.get()
    } catch {
      // With the right to it something else is wrong, and a look without all would be taken for whole.
      let isAllowed = try canEnumerate()
      guard error.errno == .notPermitted, !isAllowed else { throw KernelFailure(error) }
      state.limitations.append(
        "without CAP_SYS_ADMIN only pinned objects are seen; nothing is pruned")
      (maps, programs, links) = try pinnedInfos(state.pins)
    }
    state.maps = maps.map(ObservedMap.init)
    let owners = try metadata(maps)
    let mapsByID = Dictionary(maps.map { ($0.id, $0) }) { first, _ in first }
    state.programs = programs.map { info in
      var program = ObservedProgram(
        id: info.id, name: info.name, type: info.type, tag: info.tag.description,
        mapIDs: info.mapIDs, loadTime: info.loadTime, userID: info.userID)
      program.metadata = info.mapIDs.lazy.compactMap { owners[$0] }.first
      if Dispatcher.isCandidate(info.name, info.type) {
        program.dispatcher =
          info.mapIDs.lazy.compactMap { mapsByID[$0] }
          .compactMap { self.dispatcher(info.name, $0) }.first
      }
      return program
    }
    state.links = links.map(ObservedLink.init)
  }

  /// A BPF token gives no right to ids.
  private func canEnumerate() throws(KernelFailure) -> Bool {
    guard UserNamespace.isInitial else { return false }
    return try capabilities().contains("CAP_SYS_ADMIN")
  }

  private func pinnedInfos(
    _ pins: [ObservedPin]
  ) throws(KernelFailure) -> ([MapInfo], [ProgramInfo], [LinkInfo]) {
    var maps: [UInt32: MapInfo] = [:]
    var programs: [UInt32: ProgramInfo] = [:]
    var links: [UInt32: LinkInfo] = [:]
    for pin in pins {
      guard let place = try place(of: pin.path) else { continue }
      try wrap { () throws(KernelError) in
        switch try place.directory.open(place.name) {
        case .map(let map): maps[map.info.id] = map.info
        case .program(let program):
          let info = try program.info()
          programs[info.id] = info
        case .link(let link):
          let info = try link.info()
          links[info.id] = info
        case nil: break
        }
      }
    }
    return (
      maps.values.sorted { $0.id < $1.id }, programs.values.sorted { $0.id < $1.id },
      links.values.sorted { $0.id < $1.id }
    )
  }

  /// Whose programs are bound to which metadata map. Maps that vanish meanwhile say nothing.
  private func metadata(_ maps: [MapInfo]) throws(KernelFailure) -> [UInt32: ProgramMetadata] {
    var owners: [UInt32: ProgramMetadata] = [:]
    for info in maps where info.name == OwnerMetadata.mapName && info.type == .array {
      guard let map = try? Map(id: info.id), let bytes = try? map.lookup([0, 0, 0, 0]),
        let owner = OwnerMetadata(contents: bytes)
      else { continue }
      owners[info.id] = owner.metadata
    }
    return owners
  }

  /// What a map of constants says of a program of that name. A map that vanishes meanwhile says
  /// nothing.
  private func dispatcher(_ program: String, _ info: MapInfo) -> Dispatcher? {
    guard info.type == .array, info.maxEntries == 1, info.name.hasSuffix(".rodata"),
      let map = try? Map(id: info.id), let bytes = try? map.lookup([0, 0, 0, 0])
    else { return nil }
    return Dispatcher(programName: program, constants: bytes)
  }

  // MARK: Contents

  /// A map by its id, or by its pin where ids may not be opened.
  func openMap(_ id: UInt32) throws(KernelError) -> Map {
    do throws(KernelError) {
      return try Map(id: id)
    } catch {
      guard error.errno == .notPermitted else { throw error }
      if let object = try? open(.map, id: id), case .map(let map) = object.payload { return map }
      throw error
    }
  }

  private func observeContents(
    _ scope: ObservationScope, _ state: inout ObservedState
  ) throws(KernelFailure) {
    let described = Ownership.layoutsToRead(scope, observedSoFar: state)
    if !described.isEmpty, KernelFeature.mergePrograms.isMissing {
      state.host.missing.append(.mergePrograms)
      state.host.missing.sort { $0.rawValue < $1.rawValue }
    }
    for index in state.maps.indices where described.contains(state.maps[index].id) {
      state.maps[index].valueLayout = valueLayout(ofMap: state.maps[index].id)
    }
    let wanted = Set(Ownership.contentsToRead(scope, observedSoFar: state).values)
    for index in state.maps.indices where wanted.contains(state.maps[index].id) {
      let id = state.maps[index].id
      do throws(KernelError) {
        let map = try openMap(id)
        state.maps[index].frozen = try MapDescriptorInfo(of: map).isFrozen
        guard state.maps[index].type.hasReadableEntries else { continue }
        state.maps[index].contents = try contents(of: map)
      } catch {
        // Gone between the two looks: the plan will find it missing.
        guard error.errno == .noEntry else { throw KernelFailure(error) }
      }
    }
  }
}

extension LiveKernel {
  /// As the map's BTF says; nil where there is none, or the map is gone.
  private func valueLayout(ofMap id: UInt32) -> Layout? {
    guard let map = try? Map(id: id), map.info.btfID != 0, map.info.valueTypeID != 0,
      let bytes = try? LoadedBTF(id: map.info.btfID).bytes(),
      let layout = try? BTF(parsing: bytes).layout(of: map.info.valueTypeID),
      layout.size == Int(map.info.valueSize)
    else { return nil }
    return layout
  }
}

extension MapType {
  /// Whether all entries can be listed and read from user space.
  var hasReadableEntries: Bool {
    switch self {
    case .hash, .array, .percpuHash, .percpuArray, .lruHash, .lruPercpuHash, .lpmTrie, .progArray,
      .arrayOfMaps, .hashOfMaps, .devmap, .devmapHash, .cpumap:
      true
    default: false
    }
  }
}

extension ObservedMap {
  init(_ info: MapInfo) {
    self.init(
      id: info.id, name: info.name, type: info.type, keySize: info.keySize,
      valueSize: info.valueSize, maxEntries: info.maxEntries, flags: info.flags,
      extra: info.extra)
  }
}

extension ObservedLink {
  init(_ info: LinkInfo) {
    let target: LinkTarget =
      switch info.target {
      case .xdp(let index): .interface(index: index, attachType: nil)
      case .tcx(let index, let type), .netkit(let index, let type):
        .interface(index: index, attachType: type)
      case .cgroup(let id, let type): .cgroup(id: id, attachType: type)
      case .namespace(let inode, let type): .networkNamespace(inode: inode, attachType: type)
      case .netfilter(let family, let hook, let priority, let flags):
        .netfilter(
          NetfilterHook(
            protocolFamily: family, hook: hook, priority: priority, defragment: flags & 1 != 0))
      case .rawTracepoint(let name, _): .rawTracepoint(name: name)
      case .perfEvent(.tracepoint(let name, _)): .tracepoint(name: name)
      case .perfEvent(.kprobe(let function, let offset, _, let isReturn, _, _)):
        .kernelProbe(function: function, offset: UInt64(offset), isReturn: isReturn)
      case .perfEvent(.uprobe(let path, let offset, let isReturn, _)):
        .userProbe(path: path, offset: UInt64(offset), isReturn: isReturn)
      case .perfEvent(.event(let type, let config, _)): .perfCounter(type: type, config: config)
      case .iterator(let found):
        .iterator(
          ObservedIterator(
            target: found.name, mapID: found.mapID, cgroupID: found.cgroupID, order: found.order,
            process: found.process))
      case .tracing(let type, let objectID, let typeID, _):
        .tracing(attachType: type, targetObjectID: objectID, targetBTFID: typeID)
      case .sockmap(let id, let type): .socketMap(id: id, attachType: type)
      case .structOps(let id): .map(id: id)
      case .kprobeMulti(let probes, _):
        .kernelProbes(
          count: probes.count,
          digest: probes.places.contains(0) ? 0 : PlaceDigest.of(probes.places),
          isReturn: probes.flags & 1 != 0)
      case .uprobeMulti(let path, let probes, let process):
        .userProbes(
          path: path, count: probes.count, digest: PlaceDigest.of(probes.places),
          isReturn: probes.flags & 1 != 0, process: process)
      case .perfEvent, .other: .other
      }
    self.init(id: info.id, type: info.type, programID: info.programID, target: target)
  }
}
