extension ObjectReader {
  /// Declared maps first, then data sections.
  mutating func readMaps() throws(ObjectError) -> (maps: [MapSpec], globals: [GlobalVariable]) {
    var maps = try readDeclaredMaps()
    var globals: [GlobalVariable] = []
    var zeroFilled: UInt64 = 0
    var known = Set(maps.map(\.name))
    let symbols = btf == nil ? symbolsBySection() : [:]
    for id in btf?.ids(of: .dataSection) ?? [] {
      if let name = btf?.name(of: id), dataSections[name] == nil { dataSections[name] = id }
    }
    for (index, section) in elf.sections.enumerated() where section.size > 0 {
      guard let kind = dataKind(of: index) else { continue }
      let name = code.sectionNames[index] ?? ""
      guard section.size <= UInt64(Int32.max) else {
        throw ObjectError(section: name, message: "\(section.size) bytes are too many")
      }
      let contents: [UInt8]
      if section.isZeroFilled {
        zeroFilled += section.size
        guard zeroFilled <= UInt64(ObjectFile.zeroFilledLimit) else {
          throw ObjectError(
            section: name,
            message: "more than \(ObjectFile.zeroFilledLimit) bytes of zeros are not supported",
            hint: "use a declared array map")
        }
        contents = [UInt8](repeating: 0, count: Int(section.size))
      } else {
        contents = elf.contents(ofSection: index)
      }
      guard known.insert(name).inserted else {
        throw ObjectError(section: name, message: "the object has two sections of this name")
      }
      maps.append(dataMap(name, kind, contents))
      code.dataMaps[index] = name
      globals +=
        try btf == nil
        ? readSymbols(symbols[index] ?? [], of: name, size: contents.count)
        : readGlobals(of: name, size: contents.count)
    }
    globals += try readArena(&maps)
    if let map = try configurationMap() { maps.append(map) }
    return (maps, globals)
  }

  /// Puts the variables of the arena into the one arena that is declared, at its end as libbpf 1.7
  /// does: address zero stays free.
  private mutating func readArena(_ maps: inout [MapSpec]) throws(ObjectError) -> [GlobalVariable] {
    let name = ArenaData.section
    let arenas = maps.indices.filter { maps[$0].type == .arena }
    if arenas.count > 1 {
      throw ObjectError(
        section: ".maps",
        message: "the maps \"\(maps[arenas[0]].name)\" and \"\(maps[arenas[1]].name)\" are both "
          + "arenas, and an object can have one")
    }
    guard let index = sectionIndexes[name], elf.sections[index].size > 0 else { return [] }
    guard let arena = arenas.first else {
      throw ObjectError(
        section: name, message: "there are variables in an arena, and no arena is declared",
        hint: "declare a map of type BPF_MAP_TYPE_ARENA in SEC(\".maps\")")
    }
    let page: UInt64 = 4096
    let size = elf.sections[index].size
    let room = UInt64(maps[arena].maxEntries) * page
    guard size <= UInt64(ObjectFile.zeroFilledLimit), (size + page - 1) / page * page <= room else {
      throw ObjectError(
        section: name,
        message:
          "\(size) bytes of variables do not fit in the arena \"\(maps[arena].name)\", which "
          + "has \(maps[arena].maxEntries) pages",
        hint: "raise its max_entries")
    }
    let offset = room - (size + page - 1) / page * page
    let contents =
      elf.sections[index].isZeroFilled
      ? [UInt8](repeating: 0, count: Int(size)) : elf.contents(ofSection: index)
    maps[arena].arena = ArenaData(offset: offset, contents: contents)
    code.arena = ObjectCode.Arena(section: index, map: maps[arena].name, offset: offset)
    return btf == nil ? [] : try readGlobals(of: name, size: contents.count)
  }

  private func dataKind(of index: Int) -> DataSection.Kind? {
    let section = elf.sections[index]
    let name = code.sectionNames[index] ?? ""
    func isNamed(_ wanted: String) -> Bool { name == wanted || name.hasPrefix(wanted + ".") }
    switch section.type {
    case ELFFile.SectionType.programBits:
      if section.isExecutable { return nil }
      return isNamed(".rodata") ? .rodata : isNamed(".data") ? .data : nil
    case ELFFile.SectionType.noBits: return isNamed(".bss") ? .bss : nil
    default: return nil
    }
  }

  func dataMap(_ name: String, _ kind: DataSection.Kind, _ contents: [UInt8]) -> MapSpec {
    var map = MapSpec(
      name: name, kernelName: ObjectReader.kernelName(ofSection: name, in: self.name),
      type: .array, keySize: 4, valueSize: UInt32(contents.count), maxEntries: 1)
    map.data = DataSection(kind: kind, contents: contents)
    if map.data?.isReadOnly == true { map.flags |= ObjectReader.readOnlyForPrograms }
    if let btf, let section = dataSections[name] {
      map.valueTypeID = section
      // Only what user space can see by name is worth mapping.
      let isVisible = btf.variables(of: section).contains { btf.linkage(of: $0.type) != .static }
      if isVisible { map.flags |= ObjectReader.mappable }
    }
    return map
  }

  /// `BPF_F_RDONLY_PROG` and `BPF_F_MMAPABLE`.
  private static let readOnlyForPrograms: UInt32 = 1 << 7
  private static let mappable: UInt32 = 1 << 10

  /// The name that libbpf gives the map of a data section: the object's base name, cut so that the
  /// section's name fits behind it. Names with a second dot stand alone.
  static func kernelName(ofSection section: String, in object: String) -> String {
    let base = object.split(separator: "/").last ?? ""
    let stem = base.prefix { $0 != "." }
    let suffix = min(max(7, section.utf8.count), 15)
    let prefix = section.dropFirst().contains(".") ? 0 : 15 - suffix
    let name = String(decoding: stem.utf8.prefix(prefix), as: UTF8.self)
    return MapSpec.kernelName(for: name + section)
  }

  private mutating func readGlobals(
    of section: String, size: Int
  ) throws(ObjectError) -> [GlobalVariable] {
    guard let btf, let id = dataSections[section] else { return [] }
    var globals: [GlobalVariable] = []
    for variable in btf.variables(of: id) {
      let name = try names.spend(btf.name(of: variable.type), section: section)
      let end = UInt64(variable.offset) + UInt64(variable.size)
      guard end <= UInt64(size), let head = btf.head(variable.type), head.kind == .variable else {
        throw ObjectError(
          section: section, offset: Int(variable.offset),
          message: "the variable \"\(name)\" reaches past the end of the section")
      }
      globals.append(
        GlobalVariable(
          name: name, section: section, offset: Int(variable.offset), size: Int(variable.size),
          typeID: head.sizeOrType, isStatic: btf.linkage(of: variable.type) == .static))
    }
    return globals
  }

  /// Without BTF variables are known by their symbols only.
  private func symbolsBySection() -> [Int: [ELFFile.Symbol]] {
    var found: [Int: [ELFFile.Symbol]] = [:]
    for symbol in elf.symbols where symbol.kind == ELFFile.Symbol.Kind.object {
      found[Int(symbol.section), default: []].append(symbol)
    }
    return found
  }

  private mutating func readSymbols(
    _ symbols: [ELFFile.Symbol], of section: String, size: Int
  ) throws(ObjectError) -> [GlobalVariable] {
    var globals: [GlobalVariable] = []
    for symbol in symbols {
      guard symbol.value <= UInt64(size), symbol.size <= UInt64(size) - symbol.value else {
        throw ObjectError(
          section: section, offset: Int(truncatingIfNeeded: symbol.value),
          message: "the variable \"\(elf.name(of: symbol))\" reaches past the end of the section")
      }
      globals.append(
        GlobalVariable(
          name: try names.spend(elf.name(of: symbol), section: section), section: section,
          offset: Int(symbol.value), size: Int(symbol.size), typeID: 0,
          isStatic: symbol.isLocal || symbol.isHidden))
    }
    return globals.sorted { ($0.offset, $0.name) < ($1.offset, $1.name) }
  }

  /// What BTF lists in `.ksyms` and `.kconfig`.
  mutating func readExterns() throws(ObjectError) -> [Extern] {
    guard let btf = originalBTF else { return [] }
    let weak = try weakSymbols()
    var externs: [Extern] = []
    for section in [".kconfig", ".ksyms"] {
      guard let id = btf.first(.dataSection, named: section) else { continue }
      for variable in btf.variables(of: id) {
        guard let head = btf.head(variable.type) else { continue }
        let name = try names.spend(btf.name(of: variable.type), section: section)
        externs.append(
          Extern(
            name: name, section: section, isFunction: head.kind == .function,
            isWeak: weak.contains(name), typeID: head.sizeOrType))
      }
    }
    return externs
  }
}
