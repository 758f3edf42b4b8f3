import BPFObject
import Planning
import Reconciling

/// What happens on a host behind the tool's back. None of it is counted as a call.
extension FakeKernel {
  public func addInterface(
    _ name: String, namespace: NetworkNamespaceName = .own, supportsNativeXDP: Bool = true
  ) {
    interfaces[InterfaceName(namespace: namespace, name: name)] = Interface(
      index: nextInterfaceIndex, supportsNativeXDP: supportsNativeXDP)
    nextInterfaceIndex += 1
  }

  /// Its links live on, attached to nothing.
  public func deleteInterface(_ name: String, namespace: NetworkNamespaceName = .own) {
    let interface = InterfaceName(namespace: namespace, name: name)
    interfaces[interface] = nil
    abandon {
      switch $0 {
      case .xdp(interface, _), .tcx(interface, _): true
      default: false
      }
    }
  }

  public func addCgroup(_ path: String) {
    cgroups[path] = nextCgroupID
    nextCgroupID += 1
  }

  public func deleteCgroup(_ path: String) {
    cgroups[path] = nil
    abandon {
      if case .cgroup(path, _) = $0 { true } else { false }
    }
  }

  private func abandon(_ isGone: (Hook) -> Bool) {
    for (hook, links) in occupants where isGone(hook) {
      occupants[hook] = nil
      revisions[hook] = nil
      for link in links { changeLink(link) { $0.isAttached = false } }
    }
  }

  public func detachLink(id: UInt32) {
    let key = Key(kind: .link, id: id)
    guard let link = link(key), link.isAttached else { return }
    changeLink(key) { $0.isAttached = false }
    leave(key, link.hook)
  }

  /// Puts another program on a live link.
  public func swapProgram(ofLink id: UInt32, to program: UInt32) {
    let key = Key(kind: .link, id: id)
    guard let link = link(key) else { return }
    acquire(Key(kind: .program, id: program))
    changeLink(key) { $0.program = Key(kind: .program, id: program) }
    release(link.program)
  }

  public func unpinPath(_ path: String) { unpin(path) }

  /// Unpins all that is below the directory, and removes it.
  public func removeTree(_ directory: String) {
    for path in pins.keys.sorted() where path.hasPrefix(directory + "/") { unpin(path) }
    for path in directories.keys where path == directory || path.hasPrefix(directory + "/") {
      directories[path] = nil
    }
  }

  public func setMode(_ mode: UInt32, of path: String) { pins[path]?.mode = mode }

  public func setEntry(map id: UInt32, key: [UInt8], value: [UInt8]?) {
    changeMap(Key(kind: .map, id: id)) { $0.contents[key] = value }
  }

  public func makeDirectory(_ path: String) { directories[path] = 0o755 }

  /// The id of what is pinned there.
  public func pinnedID(_ path: String) -> UInt32? { pins[path]?.key.id }

  /// Programs on the hook, in order.
  public func programs(on hook: Hook) -> [UInt32] {
    (occupants[hook.spot] ?? []).compactMap { link($0)?.program.id }
  }

  public func contents(ofMap id: UInt32) -> [[UInt8]: [UInt8]] {
    map(Key(kind: .map, id: id))?.contents ?? [:]
  }

  public func maps(ofProgram id: UInt32) -> [UInt32] {
    program(Key(kind: .program, id: id))?.maps.map(\.id) ?? []
  }

  public func mapName(_ id: UInt32) -> String? { map(Key(kind: .map, id: id))?.spec.name }

  public func valueSize(_ id: UInt32) -> Int {
    Int(map(Key(kind: .map, id: id))?.spec.valueSize ?? 0)
  }

  public func isAlive(_ kind: ObjectKind, _ id: UInt32) -> Bool {
    records[Key(kind: Kind(kind), id: id)] != nil
  }

  /// How many objects of each kind are alive, BTF included.
  public var population: [String: Int] {
    var counts: [String: Int] = [:]
    for key in records.keys { counts[key.kind.rawValue, default: 0] += 1 }
    return counts
  }
}
