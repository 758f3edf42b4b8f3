extension ObjectFile {
  /// The names of the functions that a program's image holds, the program's own first.
  public func functions(of image: ProgramImage) -> [String] {
    guard let btf else { return [image.name] }
    let names = image.functionInfo.map { btf.name(of: $0.typeID) }
    return names.isEmpty ? [image.name] : names
  }

  /// The variables of a data section with their types and first values; a type is nil where
  /// nothing describes it, and for more than 64 KiB.
  public func described(_ section: MapSpec) -> [(variable: GlobalVariable, layout: Layout?)] {
    var types: [Int: UInt32] = [:]
    if let btf, let id = btf.first(.dataSection, named: section.name) {
      for entry in btf.variables(of: id) where types[Int(entry.offset)] == nil {
        types[Int(entry.offset)] = entry.type
      }
    }
    return globals.filter { $0.section == section.name }.map { variable in
      let id = types[variable.offset] ?? variable.typeID
      guard variable.size <= 65_536, let btf, id != 0, let layout = try? btf.layout(of: id),
        layout.size == variable.size
      else { return (variable, nil) }
      return (variable, layout)
    }
  }

  /// The bytes that a variable starts with.
  public func contents(of variable: GlobalVariable) -> [UInt8] {
    let isInArena = variable.section == ArenaData.section
    let arena = isInArena ? maps.lazy.compactMap(\.arena).first?.contents : nil
    guard let data = arena ?? map(variable.section)?.data?.contents, variable.offset >= 0,
      variable.size >= 0, variable.offset <= data.count - variable.size
    else { return [] }
    return Array(data[variable.offset..<variable.offset + variable.size])
  }
}

extension ObjectFile {
  /// The variables that a program and what it calls refer to, by map and offset; `.kconfig` has
  /// none of these (`configuration(of:)`).
  public func globals(of image: ProgramImage) -> [GlobalVariable] {
    let places = places(in: image)
    return globals.filter { variable in
      places[variable.section]?.contains {
        $0 >= variable.offset && ($0 == variable.offset || $0 < variable.offset + variable.size)
      } ?? false
    }
  }

  /// The `.kconfig` variables that a program and what it calls refer to, sorted.
  public func configuration(of image: ProgramImage) -> [String] {
    let places = places(in: image)
    return maps.flatMap { map in
      (map.data?.configuration ?? []).filter { places[map.name]?.contains($0.offset) ?? false }
    }.map(\.name).sorted()
  }

  /// The offsets that are referred to, by map; each once.
  private func places(in image: ProgramImage) -> [String: [Int]] {
    var found: [String: Set<Int>] = [:]
    for reference in image.references {
      guard let offset = reference.valueOffset else { continue }
      found[reference.map, default: []].insert(Int(offset))
    }
    return found.mapValues { $0.sorted() }
  }

  /// The source line of an instruction of an image; nil without line information for it.
  public func sourceLine(of instruction: Int, in image: ProgramImage) -> SourceLine? {
    btf.flatMap { SourceLine(of: instruction, in: image.lineInfo, $0) }
  }

  /// The name of the function that an instruction of an image belongs to.
  public func function(of instruction: Int, in image: ProgramImage) -> String {
    guard let btf,
      let info = image.functionInfo.last(where: { Int($0.instruction) <= instruction })
    else { return image.name }
    return btf.name(of: info.typeID)
  }
}

extension BTF {
  /// A type as C names it: `struct task_struct`, `enum pid_type`, `u32`.
  public func declaration(of id: UInt32) -> String {
    let name = name(of: id)
    let shown = name.isEmpty ? "(anonymous)" : name
    return switch kind(of: id) {
    case .structure: "struct \(shown)"
    case .union: "union \(shown)"
    case .enumeration, .enumeration64: "enum \(shown)"
    case .pointer: "pointer"
    case .void: "void"
    case .functionPrototype: "function"
    default: shown
    }
  }
}
