import BPFObject
import Planning

/// Everything on a host, by whose it is: what `show` prints.
struct Holdings: Sendable {
  /// One kernel object.
  struct Item: Hashable, Sendable {
    var kind: ObjectKind
    var id: UInt32
    /// The address, for what an inventory lists; the kernel's name otherwise.
    var name: String
    /// `hash`, `xdp`, `tcx`.
    var type: String
    var details: [String]
    var pins: [String]
    /// What is wrong with it, if something is.
    var problem: String?
  }

  struct Owner: Hashable, Sendable {
    var name: String
    /// nil: programs say that they are this owner's, but there is no inventory.
    var manifestPath: String?
    var time: Int64?
    var userID: UInt32?
    /// An apply was interrupted.
    var interrupted: Bool
    var items: [Item]
    /// What the inventory lists and the kernel does not hold.
    var missing: [Address]
  }

  var owners: [Owner]
  var foreign: [Item]
  /// Links whose target is gone, and maps that nothing refers to.
  var orphaned: [Item]
  var limitations: [String]
}

extension Holdings {
  /// Sorts the host's objects by owner. `state` is of the whole bpffs, `inventories` are those
  /// found on it.
  init(_ state: ObservedState, inventories: [Inventory]) {
    let index = HoldingsIndex(state)
    var taken: Set<HoldingsIndex.Key> = []
    var owners: [String: Owner] = [:]

    for inventory in inventories {
      var owner = Owner(
        name: inventory.owner, manifestPath: inventory.manifestPath, time: inventory.time,
        userID: inventory.userID, interrupted: inventory.state == .intent, items: [], missing: [])
      for (address, resource) in inventory.resources {
        let kind: ObjectKind
        switch address {
        case .map: kind = .map
        case .program: kind = .program
        case .attachment: kind = .link
        // A pin is a name of another resource, whose line shows it.
        case .pin: continue
        }
        let ids = [resource.current?.id, resource.next?.id].compactMap { $0 }.filter { $0 != 0 }
        let live = ids.compactMap { index.item(kind, $0, name: address.description) }
        if live.isEmpty { owner.missing.append(address) }
        for item in live where taken.insert(.init(kind: kind, id: item.id)).inserted {
          owner.items.append(item)
        }
      }
      owners[inventory.owner] = owner
    }

    // Programs carry their owner, and with them come the maps that only they use.
    for program in state.programs {
      guard let name = program.metadata?.owner else { continue }
      var owner =
        owners[name]
        ?? Owner(
          name: name, manifestPath: nil, time: nil, userID: nil, interrupted: false, items: [],
          missing: [])
      if taken.insert(.init(kind: .program, id: program.id)).inserted,
        var item = index.item(.program, program.id, name: program.name)
      {
        item.problem = "not in the owner's inventory"
        owner.items.append(item)
      }
      for id in program.mapIDs where index.onlyUsers(ofMap: id, are: name) {
        if taken.insert(.init(kind: .map, id: id)).inserted,
          let item = index.item(.map, id, name: index.mapName(id))
        {
          owner.items.append(item)
        }
      }
      owners[name] = owner
    }
    for inventory in inventories {
      // The inventory's own map.
      for pin in state.pins
      where pin.kind == .map && pin.path.hasSuffix("/bpfapply/\(inventory.owner)/inventory") {
        if taken.insert(.init(kind: .map, id: pin.id)).inserted,
          let item = index.item(.map, pin.id, name: index.mapName(pin.id))
        {
          owners[inventory.owner]?.items.append(item)
        }
      }
    }

    foreign = []
    orphaned = []
    for key in index.keys where !taken.contains(key) {
      guard let item = index.item(key.kind, key.id, name: index.name(key)) else { continue }
      if item.problem == nil { foreign.append(item) } else { orphaned.append(item) }
    }
    self.owners = owners.values.sorted { $0.name < $1.name }.map { owner in
      var owner = owner
      owner.items.sort { ($0.kind.rank, $0.name, $0.id) < ($1.kind.rank, $1.name, $1.id) }
      owner.missing.sort()
      return owner
    }
    limitations = state.limitations
  }
}

/// Look-ups over one observation.
private struct HoldingsIndex {
  struct Key: Hashable {
    var kind: ObjectKind
    var id: UInt32
  }

  private let maps: [UInt32: ObservedMap]
  private let programs: [UInt32: ObservedProgram]
  private let links: [UInt32: ObservedLink]
  private var pins: [Key: [String]] = [:]
  /// Programs by the maps that they use.
  private var users: [UInt32: [UInt32]] = [:]
  private var interfaces: [UInt32: String] = [:]
  private var dispatchers: [UInt32: String] = [:]
  /// All objects: maps, programs, links, by id.
  let keys: [Key]

  init(_ state: ObservedState) {
    maps = Dictionary(state.maps.map { ($0.id, $0) }) { first, _ in first }
    programs = Dictionary(state.programs.map { ($0.id, $0) }) { first, _ in first }
    links = Dictionary(state.links.map { ($0.id, $0) }) { first, _ in first }
    for pin in state.pins { pins[Key(kind: pin.kind, id: pin.id), default: []].append(pin.path) }
    for program in state.programs {
      for map in program.mapIDs { users[map, default: []].append(program.id) }
    }
    for program in state.programs {
      dispatchers[program.id] = state.dispatcherPhrase(program)
    }
    for interface in state.interfaces where interface.name.namespace == .own {
      interfaces[interface.index] = interface.name.name
    }
    for hook in state.hooks {
      guard let interface = hook.hook.interface, interface.namespace == .own,
        hook.missing == nil
      else { continue }
      interfaces[UInt32(truncatingIfNeeded: hook.targetID)] = interface.name
    }
    keys =
      state.maps.map { Key(kind: .map, id: $0.id) }
      + state.programs.map { Key(kind: .program, id: $0.id) }
      + state.links.map { Key(kind: .link, id: $0.id) }
  }

  func mapName(_ id: UInt32) -> String { maps[id]?.name ?? "" }

  func name(_ key: Key) -> String {
    switch key.kind {
    case .map: maps[key.id]?.name ?? ""
    case .program: programs[key.id]?.name ?? ""
    case .link: programs[links[key.id]?.programID ?? 0]?.name ?? ""
    }
  }

  func onlyUsers(ofMap id: UInt32, are owner: String) -> Bool {
    (users[id] ?? []).allSatisfy { programs[$0]?.metadata?.owner == owner }
  }

  func item(_ kind: ObjectKind, _ id: UInt32, name: String) -> Holdings.Item? {
    let pins = (pins[Key(kind: kind, id: id)] ?? []).sorted()
    switch kind {
    case .map:
      guard let map = maps[id] else { return nil }
      let using = users[id] ?? []
      var details = ["\(map.keySize)B → \(map.valueSize)B", "max \(map.maxEntries)"]
      if !using.isEmpty { details.append(counted(using.count, "program")) }
      return .init(
        kind: kind, id: id, name: name, type: map.type.description, details: details, pins: pins,
        problem: pins.isEmpty && using.isEmpty
          ? "no pin and no program refers to it; a process may hold it open" : nil)
    case .program:
      guard let program = programs[id] else { return nil }
      var details = ["tag \(program.tag)"]
      if let dispatcher = dispatchers[id] { details.append(dispatcher) }
      if program.userID != 0 { details.append("uid \(program.userID)") }
      let attached = links.values.count { $0.programID == id }
      if attached > 0 { details.append(counted(attached, "link")) }
      return .init(
        kind: kind, id: id, name: name, type: program.type.description, details: details,
        pins: pins, problem: nil)
    case .link:
      guard let link = links[id] else { return nil }
      return .init(
        kind: kind, id: id, name: name, type: link.filter == nil ? link.type.description : "tc",
        details: [target(of: link)]
          // A link of struct_ops holds a map, and runs what that names.
          + (link.programID == 0 ? [] : ["program \(link.programID)"]), pins: pins,
        problem: link.target.isGone ? "what it was attached to is gone" : nil)
    }
  }

  private func target(of link: ObservedLink) -> String {
    switch link.target {
    case .interface(let index, let type):
      let name = interfaces[index] ?? "interface \(index)"
      return type.map { "\(name) \($0)" } ?? name
    case .cgroup(let id, let type): return "cgroup \(id) \(type)"
    case .networkNamespace(let inode, let type): return "netns \(inode) \(type)"
    case .netfilter(let hook):
      return "pf \(hook.protocolFamily) hook \(hook.hook) priority \(hook.priority)"
    case .rawTracepoint(let name), .tracepoint(let name): return name
    case .kernelProbe(let function, let offset, let isReturn):
      guard !function.isEmpty else { return isReturn ? "kretprobe" : "kprobe" }
      return "\(isReturn ? "kretprobe" : "kprobe") \(function)+\(offset)"
    case .userProbe(let path, let offset, let isReturn):
      return "\(isReturn ? "uretprobe" : "uprobe") \(path)+\(offset)"
    case .kernelProbes(let count, _, let isReturn):
      return "\(isReturn ? "kretprobes" : "kprobes") of \(count) functions"
    case .userProbes(let path, let count, _, let isReturn, _):
      return "\(count) \(isReturn ? "uretprobes" : "uprobes") in \(path)"
    case .perfCounter(let type, let config):
      let source = PerfCounter.Source.allCases.first { $0.number == type }
      return source.map { PerfCounter(source: $0, config: config, sampling: .period(0)) }
        .map { "\($0.source.rawValue) event \($0.configText)" } ?? "perf event \(type):\(config)"
    case .iterator(let found): return "iterator of \(found.phrase)"
    case .tracing(_, let program, let target) where programs[link.programID]?.type == .ext:
      return "function (BTF id \(target)) of program \(program)"
    case .tracing(let type, _, let target): return "\(type) BTF id \(target)"
    case .map(let id): return "map \(id)"
    case .filter(let hook, let index):
      return "\(interfaces[index] ?? "interface \(index)") \(hook.place)"
    case .socketMap(let id, let type):
      let name = maps[id].map { " (\($0.name))" } ?? ""
      return "map \(id)\(name) \(type)"
    case .other: return "-"
    }
  }
}

extension LinkTarget {
  /// The interface, cgroup or namespace does not exist any more.
  var isGone: Bool {
    switch self {
    case .interface(let index, _): index == 0
    case .cgroup(let id, _): id == 0
    case .networkNamespace(let inode, _): inode == 0
    case .socketMap(let id, _): id == 0
    default: false
    }
  }
}

extension ObjectKind {
  /// Maps, programs, links.
  var rank: Int {
    switch self {
    case .map: 0
    case .program: 1
    case .link: 2
    }
  }
}
