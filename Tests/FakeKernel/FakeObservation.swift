import BPFObject
import Planning
import Reconciling

extension FakeKernel {
  public func observe(_ scope: ObservationScope) throws(KernelFailure) -> ObservedState {
    try enter("observe", scope.owner, mutating: false)
    var state = ObservedState(host: host)
    state.limitations = limitations
    state.inventory = inventory(root: scope.root)
    var scope = scope
    for record in state.inventory?.resources.values.flatMap({ [$0.current, $0.next] }) ?? [] {
      if case .text(let path) = record?.spec["pin.path"] { scope.paths.insert(path) }
      if let hook = record?.hook { scope.hooks.insert(hook.place) }
    }
    let wanted = mapsWithContents(scope, state.inventory)
    for key in keys(.map) {
      guard let map = map(key) else { continue }
      var seen = ObservedMap(
        id: key.id, name: map.spec.kernelName, type: map.spec.type, keySize: map.spec.keySize,
        valueSize: map.spec.valueSize, maxEntries: map.spec.maxEntries, flags: map.spec.flags,
        extra: map.spec.extra)
      seen.frozen = map.frozen
      if wanted.contains(key.id) { seen.contents = contents(map) }
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
    for hook in Set(scope.hooks.map(\.place)).sorted(by: { "\($0)" < "\($1)" }) {
      state.hooks.append(look(hook))
    }
    for (name, interface) in interfaces.sorted(by: { $0.value.index < $1.value.index }) {
      state.interfaces.append(ObservedInterface(name: name, index: interface.index))
    }
    return state
  }

  /// Kernel maps that the scope's REFs stand for: by the inventory and by the default pins.
  private func mapsWithContents(_ scope: ObservationScope, _ inventory: Inventory?) -> Set<UInt32> {
    var ids: Set<UInt32> = []
    for ref in scope.contents {
      let resource = inventory?.resources[.map(ref)]
      for record in [resource?.current, resource?.next] {
        guard let record else { continue }
        ids.insert(record.id)
        if case .text(let path) = record.spec["pin.path"], let pin = pins[path] {
          ids.insert(pin.key.id)
        }
      }
      let escaped = ref.replacingDots
      if let pin = pins["\(scope.root)/maps/\(escaped)"] { ids.insert(pin.key.id) }
    }
    return ids
  }

  private func look(_ asked: Hook) -> ObservedHook {
    let hook = asked.place
    if let missing = missing(hook) { return ObservedHook(hook: hook, missing: missing.message) }
    var seen = ObservedHook(hook: hook, targetID: targetID(hook))
    let keys = occupants[hook] ?? []
    for key in keys {
      guard let link = link(key) else { continue }
      // A cgroup's query returns no link ids, nor does a namespace's.
      let tells =
        switch hook {
        case .xdp, .tcx: true
        default: false
        }
      seen.occupants.append(.init(programID: link.program.id, linkID: tells ? key.id : nil))
    }
    if case .xdp = hook, let key = keys.first, case .xdp(_, let mode) = link(key)?.hook {
      seen.xdpMode = mode == .auto ? .native : mode
    }
    if case .tcx = hook { seen.revision = revisions[hook, default: 1] }
    return seen
  }

  private func targetID(_ hook: Hook) -> UInt64 {
    switch hook {
    case .xdp(let interface, _), .tcx(let interface, _): UInt64(interfaces[interface]?.index ?? 0)
    case .cgroup(let path, _): cgroups[path] ?? 0
    case .networkNamespace: 4_026_531_840
    case .netfilter, .tracepoint, .rawTracepoint, .tracing: 0
    }
  }

  private func target(_ link: LinkRecord) -> LinkTarget {
    let id = link.isAttached ? targetID(link.hook) : 0
    switch link.hook {
    case .xdp: return .interface(index: UInt32(id), attachType: nil)
    case .tcx(_, let type): return .interface(index: UInt32(id), attachType: type)
    case .cgroup(_, let type): return .cgroup(id: id, attachType: type)
    case .networkNamespace(_, let type):
      return .networkNamespace(inode: UInt32(id), attachType: type)
    case .netfilter(let hook, _): return .netfilter(hook)
    case .tracepoint(_, let name): return .tracepoint(name: name)
    case .rawTracepoint(let name): return .rawTracepoint(name: name)
    case .tracing(let type, _):
      return .tracing(attachType: type, targetObjectID: 1, targetBTFID: 1)
    }
  }
}

extension String {
  /// As default pins spell a REF.
  fileprivate var replacingDots: String { map { $0 == "." ? "%2E" : String($0) }.joined() }
}
