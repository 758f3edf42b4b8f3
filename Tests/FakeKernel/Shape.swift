import BPFObject
import Planning
import Reconciling

/// What a host looks like without any id: two ways to the same desired state must end in equal
/// shapes, whatever was made and thrown away in between.
///
/// The owner's metadata maps and BTF are left out: there is one for each apply that loaded a program
/// of the object.
public struct Shape: Hashable, Sendable {
  public var maps: [String] = []
  public var programs: [String] = []
  public var links: [String] = []
  public var pins: [String: String] = [:]
  public var directories: Set<String> = []
  /// By path: the state, and the specs by address.
  public var inventories: [String: [String: Spec]] = [:]

  public func differences(from other: Shape) -> [String] {
    var lines: [String] = []
    func compare(_ what: String, _ left: [String], _ right: [String]) {
      if left != right { lines.append("\(what):\n  is   \(left)\n  want \(right)") }
    }
    compare("maps", maps, other.maps)
    compare("programs", programs, other.programs)
    compare("links", links, other.links)
    compare("pins", pins.map { "\($0) \($1)" }.sorted(), other.pins.map { "\($0) \($1)" }.sorted())
    compare("directories", directories.sorted(), other.directories.sorted())
    if inventories != other.inventories {
      lines.append("inventories: \(inventories) want \(other.inventories)")
    }
    return lines
  }
}

extension FakeKernel {
  public var shape: Shape {
    var shape = Shape(directories: Set(directories.keys))
    for key in keys(.map) where !isBookkeeping(key) {
      guard let map = map(key) else { continue }
      let rows = map.contents.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        .map { "\($0.key)=\(map.targets[$0.key].map(name) ?? "\($0.value)")" }
      shape.maps.append("\(name(key)) \(map.spec.maxEntries) \(map.frozen) \(rows)")
    }
    for key in keys(.program) {
      guard let program = program(key) else { continue }
      let maps = program.maps.filter { !isBookkeeping($0) }.map(name).sorted()
      shape.programs.append(
        "\(name(key)) \(program.tag) \(maps) of \(metadata(program)?.owner ?? "nobody")")
    }
    for key in keys(.link) { shape.links.append(name(key)) }
    shape.maps.sort()
    shape.programs.sort()
    shape.links.sort()
    for (path, pin) in pins {
      shape.pins[path] =
        "\(name(pin.key)) \(String(pin.mode, radix: 8)) \(pin.owner):\(pin.group)"
      guard path.hasSuffix("/inventory"), let inventory = inventory(root: parent(path)) else {
        continue
      }
      var specs: [String: Spec] = ["state": Spec(["state": .text(inventory.state.rawValue)])]
      for (address, resource) in inventory.resources {
        specs["\(address)"] = resource.current?.spec
        if let next = resource.next { specs["\(address) next"] = next.spec }
      }
      shape.inventories[path] = specs
    }
    return shape
  }

  private func isBookkeeping(_ key: Key) -> Bool {
    let name = map(key)?.spec.name
    return name == OwnerMetadata.mapName || name == "inventory"
  }

  private func name(_ key: Key) -> String {
    switch records[key]?.payload {
    case .map(let map): return "map \(map.spec.name)"
    case .program(let program): return "program \(program.image.name)"
    case .link(let link):
      return "link \(link.hook) \(name(link.program))" + (link.isAttached ? "" : " detached")
    case .btf, nil: return "\(key)"
    }
  }
}
