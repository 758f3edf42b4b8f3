import BPFObject
import Planning
import Reconciling

extension FakeKernel {
  public func observe(_ scope: ObservationScope) throws(KernelFailure) -> ObservedState {
    try enter("observe", scope.owner, mutating: false)
    var state = ObservedState(host: host)
    if scope.desired?.everyCPU.isEmpty == false { state.host.onlineCPUs = [0, 1] }
    state.limitations = limitations
    state.inventory = inventory(root: scope.root)
    var scope = state.inventory.map { scope.including($0) } ?? scope
    for key in keys(.map) {
      guard let map = map(key) else { continue }
      var seen = ObservedMap(
        id: key.id, name: map.spec.kernelName, type: map.spec.type, keySize: map.spec.keySize,
        valueSize: map.spec.valueSize, maxEntries: map.spec.maxEntries, flags: map.spec.flags,
        extra: map.spec.extra)
      seen.frozen = map.frozen
      state.maps.append(seen)
    }
    for key in keys(.program) {
      guard let program = program(key) else { continue }
      state.programs.append(
        ObservedProgram(
          id: key.id, name: MapSpec.kernelName(for: program.image.name),
          type: program.image.type, tag: program.tag, mapIDs: program.maps.map(\.id),
          loadTime: UInt64(key.id), metadata: metadata(program)))
    }
    for key in keys(.link) {
      guard let link = link(key) else { continue }
      state.links.append(
        ObservedLink(
          id: key.id, type: link.type, programID: link.program.id, target: target(link)))
    }
    for (path, pin) in pins.sorted(by: { $0.key < $1.key })
    where path.hasPrefix(scope.root + "/") || scope.paths.contains(path) {
      guard let kind = pin.key.kind.observed else { continue }
      state.pins.append(
        ObservedPin(
          path: path, kind: kind, id: pin.key.id, mode: pin.mode, owner: pin.owner,
          group: pin.group))
    }
    for (name, interface) in interfaces.sorted(by: { $0.value.index < $1.value.index }) {
      state.interfaces.append(ObservedInterface(name: name, index: interface.index))
    }
    state.listedNamespaces = scope.namespaces.sorted { "\($0)" < "\($1)" }
    scope = scope.selecting(from: state)
    let targets = Ownership.targetsOfHooks(scope, observedSoFar: state)
    for hook in Set(scope.hooks.map(\.place)).sorted(by: { "\($0)" < "\($1)" }) {
      if let target = hook.target {
        guard let id = targets[target] else { continue }
        var seen = look(hook.on(id))
        seen.hook = hook
        state.hooks.append(seen)
      } else {
        let seen = look(hook)
        state.hooks.append(seen)
        if let filter = seen.filterLink { state.links.append(filter) }
      }
    }
    let described = Ownership.layoutsToRead(scope, observedSoFar: state)
    for index in state.maps.indices where described.contains(state.maps[index].id) {
      let map = state.maps[index]
      state.maps[index].valueLayout = layouts[map.name]?[Int(map.valueSize)]
    }
    let wanted = Set(Ownership.contentsToRead(scope, observedSoFar: state).values)
    for index in state.maps.indices where wanted.contains(state.maps[index].id) {
      let key = Key(kind: .map, id: state.maps[index].id)
      state.maps[index].contents = map(key).flatMap(contents)
    }
    return state
  }

  private func look(_ asked: Hook) -> ObservedHook {
    let hook = asked.spot
    if let missing = missing(hook) { return ObservedHook(hook: asked, missing: missing.message) }
    var seen = ObservedHook(hook: asked, targetID: targetID(hook))
    if let filter = hook.filter, let key = filters[filter] {
      seen.occupants = [.init(programID: key.id, linkID: nil)]
    }
    let keys = occupants[hook] ?? []
    for key in keys {
      guard let link = link(key) else { continue }
      // A cgroup's query returns no link ids, nor does a namespace's.
      let tells =
        switch hook {
        case .xdp, .tcx, .netkit, .extension: true
        default: false
        }
      seen.occupants.append(.init(programID: link.program.id, linkID: tells ? key.id : nil))
    }
    if case .xdp = hook, let key = keys.first, case .xdp(_, let mode) = link(key)?.hook {
      seen.xdpMode = mode == .auto ? .native : mode
    }
    if case .tcx = hook { seen.revision = revisions[hook, default: 1] }
    if case .extension = hook { seen.isListed = true }
    return seen
  }

  private func targetID(_ hook: Hook) -> UInt64 {
    switch hook {
    case .xdp(let interface, _), .tcx(let interface, _), .netkit(let interface, _):
      UInt64(interfaces[interface]?.index ?? 0)
    case .cgroup(let path, _), .cgroupSecurity(let path, _): cgroups[path] ?? 0
    case .networkNamespace: 4_026_531_840
    case .netfilter, .tracepoint, .rawTracepoint, .tracing, .kernelProbe, .structOps,
      .perfCounter:
      0
    case .userProbe(let probe): probe.offset
    case .socketMap(let id, _): UInt64(id) ?? 0
    case .extension(let hook): UInt64(hook.fakeTarget ?? 0)
    case .iterator(let iterator):
      switch iterator.scope {
      case .map(let id): UInt64(id) ?? 0
      case .cgroup(let path, _): cgroups[path] ?? 0
      case .all, .process: 0
      }
    case .filter(let filter): UInt64(interfaces[filter.at]?.index ?? 0)
    // The fake has one function of each name.
    case .kernelProbes(let probes): PlaceDigest.of(probes.functions.map { UInt64($0.utf8.count) })
    case .userProbes(let probes):
      PlaceDigest.of(probes.functions.map { UInt64($0.utf8.count) } + probes.offsets)
    case .staticProbe(let probe): PlaceDigest.of([UInt64(probe.name.utf8.count)])
    }
  }

  private func target(_ link: LinkRecord) -> LinkTarget {
    let id = link.isAttached ? targetID(link.hook) : 0
    switch link.hook {
    case .xdp: return .interface(index: UInt32(id), attachType: nil)
    case .tcx(_, let type), .netkit(_, let type):
      return .interface(index: UInt32(id), attachType: type)
    case .cgroup(_, let type): return .cgroup(id: id, attachType: type)
    case .cgroupSecurity: return .cgroup(id: id, attachType: .lsmCgroup)
    case .networkNamespace(_, let type):
      return .networkNamespace(inode: UInt32(id), attachType: type)
    case .netfilter(let hook, _): return .netfilter(hook)
    case .tracepoint(_, let name): return .tracepoint(name: name)
    case .rawTracepoint(let name): return .rawTracepoint(name: name)
    case .kernelProbe(let probe):
      return .kernelProbe(
        function: probe.function, offset: probe.offset, isReturn: probe.isReturn)
    case .userProbe(let probe):
      return .userProbe(path: probe.path, offset: probe.offset, isReturn: probe.isReturn)
    case .kernelProbes(let probes):
      return .kernelProbes(
        count: UInt32(probes.functions.count), digest: targetID(link.hook),
        isReturn: probes.isReturn)
    case .userProbes(let probes):
      return .userProbes(
        path: probes.path, count: UInt32(probes.functions.count + probes.offsets.count),
        digest: targetID(link.hook), isReturn: probes.isReturn, process: probes.process ?? 0)
    case .staticProbe(let probe):
      return .userProbes(
        path: probe.path, count: 1, digest: targetID(link.hook), isReturn: false,
        process: probe.process ?? 0)
    case .perfCounter(let counter):
      return .perfCounter(type: counter.source.number, config: counter.config)
    case .extension:
      return .tracing(
        attachType: AttachType(rawValue: 0), targetObjectID: UInt32(id), targetBTFID: 1)
    case .iterator(let iterator):
      var seen = ObservedIterator(target: iterator.target)
      switch iterator.scope {
      case .all: break
      case .map: seen.mapID = UInt32(id)
      case .cgroup(_, let order):
        seen.cgroupID = id
        seen.order = order.number
      case .process(let process): seen.process = process
      }
      return .iterator(seen)
    case .tracing(let type, _):
      return .tracing(attachType: type, targetObjectID: 1, targetBTFID: 1)
    // The fake has no operations that maps implement.
    case .structOps, .filter: return .other
    case .socketMap(_, let type): return .socketMap(id: UInt32(id), attachType: type)
    }
  }
}
