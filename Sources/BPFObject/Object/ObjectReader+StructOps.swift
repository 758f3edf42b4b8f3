/// Variables of `.struct_ops` and `.struct_ops.link`: each is a map that implements a structure of the
/// kernel's.
extension ObjectReader {
  static let structOpsSections = [
    ".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link",
  ]

  mutating func readStructOps(_ programs: [ProgramSpec]) throws(ObjectError) -> [MapSpec] {
    var maps: [MapSpec] = []
    for section in ObjectReader.structOpsSections {
      guard let index = sectionIndexes[section], elf.sections[index].size > 0 else { continue }
      guard let btf, let id = btf.first(.dataSection, named: section) else {
        throw ObjectError(
          section: section, message: "nothing describes what is in it", hint: "compile with -g")
      }
      let contents = elf.contents(ofSection: index)
      var found: [MapSpec] = []
      for variable in btf.variables(of: id) {
        found.append(try structOps(variable, in: section, contents, btf))
      }
      try setPrograms(of: &found, section: section, index, programs)
      maps += found
    }
    return maps
  }

  private mutating func structOps(
    _ variable: BTF.SectionVariable, in section: String, _ contents: [UInt8], _ btf: BTF
  ) throws(ObjectError) -> MapSpec {
    let name = try names.spend(btf.name(of: variable.type), section: section)
    func failure(_ message: String) -> ObjectError {
      ObjectError(section: section, offset: Int(variable.offset), message: "\"\(name)\" \(message)")
    }
    let (start, size) = (Int(variable.offset), Int(variable.size))
    guard let head = btf.head(variable.type), head.kind == .variable,
      let structure = btf.skipModifiers(head.sizeOrType), structure.kind == .structure
    else { throw failure("is no structure") }
    guard start + size <= contents.count, btf.size(of: structure.id) == size else {
      throw failure("reaches past the end of the section, or has another size than its type")
    }
    var members: [StructOps.Member] = []
    for member in btf.members(of: structure.id) {
      guard let type = btf.skipModifiers(member.type), let bytes = btf.size(of: member.type) else {
        throw failure("has a member without size: \(member.name)")
      }
      members.append(
        StructOps.Member(
          name: try names.spend(member.name, section: section), offset: member.bitOffset / 8,
          size: bytes, isBitField: member.bitSize != nil, kind: type.kind))
    }
    var map = MapSpec(
      name: name, type: .structOps, keySize: 4, valueSize: UInt32(truncatingIfNeeded: size),
      maxEntries: 1, flags: section.hasSuffix(".link") ? StructOps.linkFlag : 0)
    map.autocreate = !section.hasPrefix("?")
    map.structOps = StructOps(
      structure: try names.spend(btf.name(of: structure.id), section: section), members: members,
      contents: Array(contents[start..<start + size]))
    structOpsPlaces[name] = start..<start + size
    return map
  }

  /// Functions exist only as relocations of the section.
  private func setPrograms(
    of maps: inout [MapSpec], section: String, _ index: Int, _ programs: [ProgramSpec]
  ) throws(ObjectError) {
    for relocation in relocations[index] ?? [] {
      let offset = Int(truncatingIfNeeded: relocation.offset)
      func failure(_ message: String) -> ObjectError {
        ObjectError(section: section, offset: offset, message: message)
      }
      guard
        let position = maps.firstIndex(where: { structOpsPlaces[$0.name]?.contains(offset) == true }
        ),
        let start = structOpsPlaces[maps[position].name]?.lowerBound,
        let member = maps[position].structOps?.members.firstIndex(where: {
          $0.offset == offset - start && $0.kind == .pointer
        })
      else { throw failure("a relocation of no member that is a pointer") }
      let symbol = elf.symbols[Int(relocation.symbol)]
      let function = code.functions.first {
        $0.section == Int(symbol.section) && UInt64($0.start) * 8 == symbol.value
      }
      guard let function, let program = programs.first(where: { $0.name == function.name }) else {
        throw failure("member \(member) of \"\(maps[position].name)\" is set to what is no program")
      }
      guard program.type == .structOps else {
        throw ObjectError(
          section: section, offset: offset,
          message: "\"\(program.name)\" stands in the section \(program.section.text), and "
            + "\"\(maps[position].name)\" is set to it",
          hint: "put it into SEC(\"struct_ops\")")
      }
      maps[position].structOps?.members[member].program = program.name
      // Addresses are the loader's business.
      maps[position].structOps?.contents.replaceSubrange(
        offset - start..<offset - start + 8, with: [UInt8](repeating: 0, count: 8))
    }
  }
}
