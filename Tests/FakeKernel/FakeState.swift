import BPFObject
import Planning

/// All of the fake that is visible or takes up memory, for comparing two moments.
///
/// Ids of links and of the inventory's map are left out: undoing the removal of a link attaches it
/// again under another id, and the inventory is written anew. Links stand here by what they do.
public struct FakeState: Hashable, Sendable {
  public var maps: [UInt32: String] = [:]
  public var programs: [UInt32: String] = [:]
  public var links: [String] = []
  public var btfs: Set<UInt32> = []
  public var pins: [String: String] = [:]
  public var directories: [String: UInt32] = [:]
  public var hooks: [String: [String]] = [:]
  public var inventories: [String: Inventory] = [:]

  /// One line for each difference, for messages.
  public func differences(from other: FakeState) -> [String] {
    var lines: [String] = []
    func compare<K: Hashable, V: Equatable>(_ what: String, _ left: [K: V], _ right: [K: V]) {
      for key in Set(left.keys).union(right.keys) where left[key] != right[key] {
        lines.append(
          "\(what) \(key): \(right[key].map { "\($0)" } ?? "absent")"
            + " -> \(left[key].map { "\($0)" } ?? "absent")")
      }
    }
    compare("map", maps, other.maps)
    compare("program", programs, other.programs)
    compare("pin", pins, other.pins)
    compare("directory", directories, other.directories)
    compare("hook", hooks, other.hooks)
    compare("inventory", inventories, other.inventories)
    if links != other.links { lines.append("links: \(other.links) -> \(links)") }
    if btfs != other.btfs { lines.append("btfs: \(other.btfs) -> \(btfs)") }
    return lines.sorted()
  }
}

extension FakeKernel {
  public var state: FakeState {
    var state = FakeState(directories: directories)
    let inventories = pins.filter { $0.key.hasSuffix("/inventory") }
    let inventoryMaps = Set(inventories.values.map(\.key))
    for key in keys(.map) where !inventoryMaps.contains(key) {
      guard let map = map(key) else { continue }
      let contents = map.contents.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        .map { "\($0.key)=\($0.value)" }
      state.maps[key.id] =
        "\(map.spec.name) \(map.spec.type) \(map.spec.maxEntries) frozen \(map.frozen) \(contents)"
    }
    for key in keys(.program) {
      guard let program = program(key) else { continue }
      state.programs[key.id] = "\(program.image.name) \(program.tag) \(program.maps.map(\.id))"
    }
    state.links = keys(.link).map(describe).sorted()
    state.btfs = Set(keys(.btf).map(\.id))
    for (path, pin) in pins {
      let what =
        switch pin.key.kind {
        case .link: describe(pin.key)
        case _ where inventoryMaps.contains(pin.key): "inventory"
        default: "\(pin.key.kind) \(pin.key.id)"
        }
      state.pins[path] = "\(what) \(String(pin.mode, radix: 8)) \(pin.owner):\(pin.group)"
    }
    for (hook, links) in occupants { state.hooks["\(hook)"] = links.map(describe) }
    for (filter, key) in filters { state.hooks["\(filter)"] = ["program \(key.id)"] }
    for path in inventories.keys {
      guard var inventory = inventory(root: parent(path)) else { continue }
      for (address, var resource) in inventory.resources {
        resource.current = normalized(resource.current, address)
        resource.next = normalized(resource.next, address)
        inventory.resources[address] = resource
      }
      state.inventories[path] = inventory
    }
    return state
  }

  private func describe(_ key: Key) -> String {
    guard let link = link(key) else { return "link?" }
    return "link \(link.hook) program \(link.program.id) cookie \(link.cookie ?? 0)"
      + (link.isAttached ? "" : " detached")
  }

  /// A link's id counts as "alive" (1) or "dangling" (2).
  private func normalized(_ record: AppliedResource?, _ address: Address) -> AppliedResource? {
    guard var record, record.id != 0 else { return record }
    switch (address, record.spec["target"]) {
    case (.attachment, _): break
    case (.pin, .text(let target)) where target.hasPrefix("attachment."): break
    default: return record
    }
    record.id = records[Key(kind: .link, id: record.id)] == nil ? 2 : 1
    return record
  }
}
