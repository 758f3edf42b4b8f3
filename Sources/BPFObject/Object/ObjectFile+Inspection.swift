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
