/// Puts an `ObjectFile` together from the parts of the ELF file.
struct ObjectReader {
  let elf: ELFFile
  let name: String
  var code = ObjectCode()
  var names: NameBudget
  var btf: BTF?
  /// The BTF before it was made fit for the kernel.
  var originalBTF: BTF?
  var relocations: [Int: [ELFFile.Relocation]]
  /// Sections by name, first come.
  var sectionIndexes: [String: Int] = [:]
  /// As many as there are declared maps, in their order.
  var declared: [DeclaredMap] = []
  /// Where variables of `.struct_ops` stand in their section.
  var structOpsPlaces: [String: Range<Int>] = [:]
  /// The first data section of the BTF with a name.
  var dataSections: [String: UInt32] = [:]

  init(_ bytes: [UInt8], name: String) throws(ObjectError) {
    elf = try ELFFile(parsing: bytes)
    self.name = name
    names = NameBudget(bytes: bytes.count)
    relocations = try elf.relocations()
    for index in elf.sections.indices where elf.sections[index].type != 0 {
      let section = try names.spend(elf.name(ofSection: index), section: "section headers")
      if sectionIndexes[section] == nil { sectionIndexes[section] = index }
      code.sectionNames[index] = section
    }
  }

  consuming func read() throws(ObjectError) -> ObjectFile {
    var reader = self
    return try reader.assemble()
  }

  private mutating func assemble() throws(ObjectError) -> ObjectFile {
    if sectionIndexes["maps"] != nil {
      throw ObjectError(
        section: "maps", message: "legacy map definitions are not supported",
        hint: "declare maps with BTF: struct { __uint(type, …); } name SEC(\".maps\")")
    }
    try readCode()
    try readBTF()
    let (maps, globals) = try readMaps()
    let externs = try readExterns()
    let programs = code.functions.filter { !code.isSubprogram($0) }.map { function in
      ProgramSpec(
        name: function.name, section: SectionName(code.sectionNames[function.section] ?? ""),
        instructionCount: function.count)
    }
    let filled = try fillSlots(of: maps, programs: programs) + readStructOps(programs)
    var known: Set<String> = []
    for map in filled where !known.insert(map.name).inserted {
      throw ObjectError(message: "two maps have the name \"\(map.name)\"")
    }
    return ObjectFile(
      name: name, license: license(), programs: programs, maps: filled, globals: globals,
      externs: externs, btf: btf, code: code)
  }

  private func license() -> String {
    guard let index = sectionIndexes["license"] else { return "" }
    let bytes = elf.contents(ofSection: index).prefix(64)
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private mutating func readBTF() throws(ObjectError) {
    guard let index = sectionIndexes[".BTF"] else { return }
    let parsed = try BTF(parsing: elf.contents(ofSection: index))
    originalBTF = parsed
    btf = try BTFFixup(btf: parsed, elf: elf, sections: sectionIndexes, code: code).fixed()
    if let index = sectionIndexes[".BTF.ext"] {
      code.extended = try BTFExtension(
        parsing: elf.contents(ofSection: index), btf: parsed, names: &names)
    }
  }

  // MARK: Code

  private mutating func readCode() throws(ObjectError) {
    code.text = sectionIndexes[".text"].flatMap { elf.sections[$0].isExecutable ? $0 : nil }
    for (index, section) in elf.sections.enumerated()
    where section.type == ELFFile.SectionType.programBits && section.isExecutable
      && section.size > 0
    {
      code.sections[index] = try codeSection(index)
    }
    for symbol in elf.symbols where symbol.kind == ELFFile.Symbol.Kind.function {
      guard let section = code.sections[Int(symbol.section)] else { continue }
      try addFunction(symbol, section)
    }
    code.functions.sort { ($0.section, $0.start, $0.end) < ($1.section, $1.start, $1.end) }
    for (left, right) in zip(code.functions, code.functions.dropFirst())
    where left.section == right.section && right.start < left.end {
      throw ObjectError(
        section: code.sectionNames[left.section], offset: right.start * 8,
        message: "the functions \"\(left.name)\" and \"\(right.name)\" overlap",
        hint: "aliases of functions are not supported")
    }
  }

  private mutating func addFunction(
    _ symbol: ELFFile.Symbol, _ section: ObjectCode.Section
  ) throws(ObjectError) {
    let name = try names.spend(elf.name(of: symbol), section: section.name)
    func failure(_ message: String) -> ObjectError {
      ObjectError(
        section: section.name, offset: Int(truncatingIfNeeded: symbol.value),
        message: "function \"\(name)\" \(message)")
    }
    let size = UInt64(section.instructions.count) * 8
    guard symbol.value % 8 == 0, symbol.size % 8 == 0 else {
      throw failure("does not consist of whole instructions")
    }
    guard symbol.value < size, symbol.size > 0, symbol.size <= size - symbol.value else {
      throw failure("reaches past the end of its section, or is empty")
    }
    guard !name.isEmpty else { throw failure("has no name") }
    let index = Int(symbol.section)
    if symbol.isLocal && index != code.text {
      throw ObjectError(
        section: section.name, offset: Int(symbol.value),
        message: "the program \"\(name)\" is static", hint: "remove static from its definition")
    }
    code.functions.append(
      ObjectCode.Function(
        name: name, section: index, start: Int(symbol.value / 8), count: Int(symbol.size / 8),
        isHidden: symbol.isHidden, isGlobal: !symbol.isLocal))
  }

  private mutating func codeSection(_ index: Int) throws(ObjectError) -> ObjectCode.Section {
    let name = code.sectionNames[index] ?? ""
    let place = elf.range(ofSection: index)
    guard place.count % 8 == 0 else {
      throw ObjectError(section: name, message: "half an instruction at the end")
    }
    let instructions = Instruction.decode(elf.bytes[place], bigEndian: elf.bigEndian)
    var targets: [Int32] = []
    if let entries = relocations[index], !entries.isEmpty {
      targets = [Int32](repeating: -1, count: instructions.count)
    }
    for relocation in relocations[index] ?? [] {
      let position = Int(truncatingIfNeeded: relocation.offset)
      guard relocation.offset % 8 == 0, relocation.offset < UInt64(instructions.count) * 8 else {
        throw ObjectError(
          section: name, offset: position, message: "a relocation of no instruction")
      }
      guard relocation.addend == 0 else {
        throw ObjectError(
          section: name, offset: position, message: "relocation addends are not supported")
      }
      guard targets[position / 8] < 0, let symbol = Int32(exactly: relocation.symbol) else {
        throw ObjectError(
          section: name, offset: position, message: "two relocations of one instruction")
      }
      targets[position / 8] = symbol
      try keepSymbol(Int(relocation.symbol), section: name)
    }
    return ObjectCode.Section(name: name, instructions: instructions, relocations: targets)
  }

  private mutating func keepSymbol(_ index: Int, section: String) throws(ObjectError) {
    guard code.symbols[index] == nil else { return }
    let symbol = elf.symbols[index]
    let name =
      symbol.isUndefined || symbol.isReserved
      ? try names.spend(elf.name(of: symbol), section: section) : ""
    code.symbols[index] = ObjectCode.Symbol(
      name: name, section: Int(symbol.section), value: symbol.value,
      isUndefined: symbol.isUndefined, isReserved: symbol.isReserved, kind: symbol.kind)
  }
}
