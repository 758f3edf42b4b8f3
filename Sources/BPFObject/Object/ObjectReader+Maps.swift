extension ObjectReader {
  /// The maps of `.maps`, by ascending offset.
  mutating func readDeclaredMaps() throws(ObjectError) -> [MapSpec] {
    guard let index = sectionIndexes[".maps"], elf.sections[index].size > 0 else { return [] }
    guard let btf, let originalBTF else {
      throw ObjectError(
        section: ".maps", message: "no BTF: maps are declared by types",
        hint: "compile with -g")
    }
    guard let section = btf.first(.dataSection, named: ".maps") else {
      throw ObjectError(
        section: ".BTF", message: "nothing describes the section .maps", hint: "compile with -g")
    }
    code.mapSection = index
    var maps: [MapSpec] = []
    var known: Set<String> = []
    for variable in btf.variables(of: section) {
      let name = try names.spend(btf.name(of: variable.type), section: ".maps")
      func failure(_ message: String, hint: String? = nil) -> ObjectError {
        ObjectError(
          section: ".maps", offset: Int(variable.offset), message: "map \"\(name)\" \(message)",
          hint: hint)
      }
      guard UInt64(variable.offset) + UInt64(variable.size) <= elf.sections[index].size else {
        throw failure("reaches past the end of the section")
      }
      guard originalBTF.linkage(of: variable.type) == .global else {
        throw failure("is static or extern", hint: "maps must be global: remove static")
      }
      guard !name.isEmpty, known.insert(name).inserted else {
        throw failure("has no name of its own")
      }
      guard let head = btf.head(variable.type),
        let structure = btf.skipModifiers(head.sizeOrType), structure.kind == .structure
      else { throw failure("is not declared by a structure") }
      guard code.mapsByOffset.updateValue(name, forKey: UInt64(variable.offset)) == nil else {
        throw failure("stands where another map does")
      }
      let definition = try MapDefinition(btf: btf, name: name, structure: structure.id)
      maps.append(definition.spec)
      declared.append(
        DeclaredMap(
          start: UInt64(variable.offset), end: UInt64(variable.offset) + UInt64(variable.size),
          valuesOffset: definition.valuesOffset))
    }
    return maps
  }

  /// Where a declared map stands in `.maps`, to find the slots that relocations fill.
  struct DeclaredMap {
    var start: UInt64
    var end: UInt64
    var valuesOffset: Int?
  }

  /// The last map that starts at or before an offset, if it reaches that far.
  private func declaredMap(at offset: UInt64) -> Int? {
    var low = 0
    var high = declared.count
    while low < high {
      let middle = (low + high) / 2
      if declared[middle].start <= offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 && offset < declared[low - 1].end ? low - 1 : nil
  }

  /// Sets the initial slots of program arrays and maps of maps, which exist only as relocations of
  /// `.maps`.
  mutating func fillSlots(
    of maps: [MapSpec], programs: [ProgramSpec]
  ) throws(ObjectError) -> [MapSpec] {
    guard let index = code.mapSection, let entries = relocations[index] else { return maps }
    var filled = maps
    let programNames = Set(programs.map(\.name))
    for relocation in entries {
      func failure(_ message: String) -> ObjectError {
        ObjectError(
          section: ".maps", offset: Int(truncatingIfNeeded: relocation.offset), message: message)
      }
      guard let position = declaredMap(at: relocation.offset) else {
        throw failure("a relocation of no map")
      }
      let map = declared[position]
      guard let valuesOffset = map.valuesOffset else {
        throw failure("map \"\(filled[position].name)\" has values that its type does not take")
      }
      let offset = relocation.offset - map.start
      guard offset >= UInt64(valuesOffset), (offset - UInt64(valuesOffset)) % 8 == 0 else {
        throw failure("map \"\(filled[position].name)\" has a value outside of its values")
      }
      let slot = UInt32(truncatingIfNeeded: (offset - UInt64(valuesOffset)) / 8)
      let symbol = elf.symbols[Int(relocation.symbol)]
      let target = try names.spend(elf.name(of: symbol), section: ".maps")
      if filled[position].type == .progArray {
        guard programNames.contains(target) else {
          throw failure(
            "slot \(slot) of map \"\(filled[position].name)\" names \"\(target)\", which is no "
              + "program of the object")
        }
      } else {
        guard Int(symbol.section) == index, code.mapsByOffset[symbol.value] == target else {
          throw failure(
            "slot \(slot) of map \"\(filled[position].name)\" names \"\(target)\", which is no "
              + "map of the object")
        }
      }
      filled[position].slots[slot] = target
    }
    return filled
  }
}
