import BPFKernel
import BPFObject
import Sandbox

/// What the kernel tells of the programs and maps below two directories of a bpffs, by their names
/// in it and without ids.
struct Picture {
  /// By the pin's name.
  private(set) var programs: [String: [String]] = [:]
  private(set) var tags: [String: ProgramTag] = [:]
  private(set) var maps: [String: [String]] = [:]
  /// The types that the programs were loaded with, as bpftool prints them.
  private(set) var types: String = ""

  /// Whether the maps were pinned: of a program array that nothing pins, the slots are gone.
  private let hasPins: Bool

  /// `maps` is nil where they were not pinned.
  init(programs: String, maps: String?) throws {
    hasPins = maps != nil
    var mapIDs: Set<UInt32> = []
    var typeIDs: Set<UInt32> = []
    for pin in try BPFFilesystem().root.walk().pins {
      guard let object = pin.object else { continue }
      if pin.path.hasPrefix(programs + "/"), object.kind == .program {
        let program = try BPFKernel.Program(id: object.id)
        let info = try program.info()
        mapIDs.formUnion(info.mapIDs)
        if info.btfID != 0 { typeIDs.insert(info.btfID) }
        let name = String(pin.path.split(separator: "/").last ?? "")
        tags[name] = info.tag
        self.programs[name] = try Picture.lines(of: info)
      } else if let maps, pin.path.hasPrefix(maps + "/"), object.kind == .map {
        mapIDs.insert(object.id)
      }
    }
    for id in mapIDs {
      let map = try Map(id: id)
      if map.info.name == OracleDifference.metadata { continue }
      self.maps[map.info.name] = try Picture.lines(of: map)
    }
    for id in typeIDs.sorted() {
      types += try Sandbox.run([Oracle.bpftool, "btf", "dump", "id", "\(id)"]).succeeded().output
    }
  }

  private static func lines(of info: ProgramInfo) throws -> [String] {
    let names = try info.mapIDs.map { try Map(id: $0).info.name }.filter {
      !OracleDifference.isLeftOut(map: $0)
    }
    return [
      "type \(info.type)", "tag \(info.tag)", "name \(info.name)",
      "GPL-compatible \(info.isGPLCompatible)", "maps \(names.sorted())",
      "translated \(info.translatedLength) bytes", "verified \(info.verifiedInstructions)",
      "types \(info.btfID != 0)", "target \(info.attachTypeID)",
    ]
  }

  private static func lines(of map: Map) throws -> [String] {
    let info = map.info
    var lines = [
      "type \(info.type)", "keys of \(info.keySize)", "values of \(info.valueSize)",
      "entries \(info.maxEntries)", "flags \(info.flags)", "extra \(info.extra)",
      "types \(info.btfID != 0) \(info.keyTypeID) \(info.valueTypeID)",
      "frozen \(try MapDescriptorInfo(of: map).isFrozen)",
    ]
    switch info.type {
    case .array, .hash:
      for key in try map.keys().sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        lines.append("\(key) = \(try map.lookup(key) ?? [])")
      }
    case .arrayOfMaps, .hashOfMaps, .progArray:
      for key in try map.keys().sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        guard let value = try map.lookup(key) else { continue }
        let id = value.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let name =
          info.type == .progArray
          ? try ProgramInfo(of: BPFKernel.Program(id: id).descriptor).name
          : try Map(id: id).info.name
        lines.append("\(key) = \(name)")
      }
    default: break
    }
    return lines
  }

  /// What is not the same, in words; `other` is ours.
  func differences(to other: Picture) -> [String] {
    var differences: [String] = []
    func compare(_ what: String, _ theirs: [String: [String]], _ ours: [String: [String]]) {
      for name in Set(theirs.keys).union(ours.keys).sorted() {
        guard let left = theirs[name], let right = ours[name] else {
          let side = ours[name] == nil ? "libbpf" : "bpfapply"
          differences.append("only \(side) has the \(what) \(name)")
          continue
        }
        for (one, two) in zip(left, right) where one != two {
          differences.append("\(what) \(name): libbpf: \(one); bpfapply: \(two)")
        }
        if left.count != right.count {
          differences.append("\(what) \(name): libbpf: \(left); bpfapply: \(right)")
        }
      }
    }
    compare("program", programs, other.programs)
    if hasPins {
      compare("map", maps, other.maps)
    } else {
      let reached = maps.filter { $0.value.first != "type prog_array" }
      compare("map", reached, other.maps.filter { reached[$0.key] != nil })
    }
    if types != other.types {
      differences.append("types: libbpf:\n\(types)\nbpfapply:\n\(other.types)")
    }
    return differences
  }
}
