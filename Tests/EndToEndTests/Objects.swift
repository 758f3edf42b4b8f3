import BPFKernel

/// Kernel objects by kind and id. Ids are the host's, and other tests make objects at the same
/// time: only those that are known to be ours can be compared.
struct Objects {
  var ids: [ObjectKind: Set<UInt32>] = [:]

  /// What the pins below a directory hold, and what that refers to: maps, programs, BTF.
  static func reachable(from root: String) throws -> Objects {
    var objects = Objects()
    for pin in try BPFFilesystem().root.walk().pins where pin.path.hasPrefix(root) {
      guard let object = pin.object else { continue }
      switch object.kind {
      case .map: try objects.insert(map: object.id)
      case .program: try objects.insert(program: object.id)
      case .link:
        objects.ids[.link, default: []].insert(object.id)
        try objects.insert(program: Link(id: object.id).info().programID)
      case .btf: break
      }
    }
    return objects
  }

  private mutating func insert(map id: UInt32) throws {
    ids[.map, default: []].insert(id)
    let btf = try Map(id: id).info.btfID
    if btf != 0 { ids[.btf, default: []].insert(btf) }
  }

  /// A link of struct_ops has none.
  private mutating func insert(program id: UInt32) throws {
    if id == 0 { return }
    ids[.program, default: []].insert(id)
    let info = try Program(id: id).info()
    if info.btfID != 0 { ids[.btf, default: []].insert(info.btfID) }
    for map in info.mapIDs { try insert(map: map) }
  }

  mutating func formUnion(_ other: Objects) {
    ids.merge(other.ids) { $0.union($1) }
  }

  /// Those that are still in the kernel.
  func remaining() throws -> [String] {
    var left: [String] = []
    for (kind, ids) in ids {
      for id in ids where try kind.exists(id: id) {
        let name = kind == .map ? (try? Map(id: id).info.name) ?? "gone" : ""
        left.append("\(kind) \(id) \(name)")
      }
    }
    return left
  }

  /// The ids of the host's programs of these names.
  static func named(_ names: Set<String>) throws -> Set<UInt32> {
    Set(try ProgramInfo.all.get().filter { names.contains($0.name) }.map(\.id))
  }
}
