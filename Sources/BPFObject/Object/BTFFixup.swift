/// Makes an object's BTF fit for the kernel, as libbpf does.
///
/// Clang leaves the sizes of data sections and the offsets of global variables zero; they stand in
/// the ELF file. Variables and functions with hidden visibility are made static, so that the
/// kernel verifies such functions in the context of their callers.
struct BTFFixup {
  var btf: BTF
  let elf: ELFFile
  let sections: [String: Int]
  let code: ObjectCode
  /// Defined variables that are not local, by the hash of their names.
  private var symbols: [Int: [Int]] = [:]

  init(btf: BTF, elf: ELFFile, sections: [String: Int], code: ObjectCode) {
    self.btf = btf
    self.elf = elf
    self.sections = sections
    self.code = code
    for (index, symbol) in elf.symbols.enumerated()
    where symbol.kind == ELFFile.Symbol.Kind.object && !symbol.isLocal && !symbol.isUndefined {
      symbols[elf.name(of: symbol).hashValue, default: []].append(index)
    }
  }

  consuming func fixed() throws(ObjectError) -> BTF {
    var work = self
    work.allocateKernelSymbols()
    work.allocateConfiguration()
    for id in work.btf.ids(of: .dataSection) { try work.fixDataSection(id) }
    work.hideFunctions()
    return work.btf
  }

  private func symbol(named name: String) -> ELFFile.Symbol? {
    symbols[name.hashValue]?.lazy.map { elf.symbols[$0] }.first { elf.name(of: $0) == name }
  }

  private mutating func fixDataSection(_ id: UInt32) throws(ObjectError) {
    guard let head = btf.head(id), let start = btf.start(of: id) else { return }
    let name = btf.name(of: id)
    guard let section = sections[name], name != ".ksyms", name != ".kconfig" else { return }
    let fillsOffsets = head.sizeOrType == 0
    if fillsOffsets {
      let size = elf.sections[section].size
      guard size <= UInt64(Int32.max) else {
        throw ObjectError(section: name, message: "\(size) bytes are too many")
      }
      btf.setWord(UInt32(size), at: start + 8)
    }
    var variables = btf.variables(of: id)
    for index in variables.indices {
      let variable = variables[index].type
      guard btf.kind(of: variable) == .variable else {
        throw ObjectError(
          section: ".BTF", message: "the section \(name) holds a type that is no variable")
      }
      guard btf.linkage(of: variable) == .global else { continue }
      guard let symbol = symbol(named: btf.name(of: variable)) else {
        throw ObjectError(
          section: ".BTF",
          message: "the variable \"\(btf.name(of: variable))\" of \(name) has no symbol")
      }
      if fillsOffsets { variables[index].offset = UInt32(truncatingIfNeeded: symbol.value) }
      if symbol.isHidden, let at = btf.start(of: variable) {
        btf.setWord(BTF.Linkage.static.rawValue, at: at + 12)
      }
    }
    variables.sort { $0.offset < $1.offset }
    for (index, variable) in variables.enumerated() {
      let at = start + 12 + 12 * index
      btf.setWord(variable.type, at: at)
      btf.setWord(variable.offset, at: at + 4)
      btf.setWord(variable.size, at: at + 8)
    }
  }

  private mutating func hideFunctions() {
    let hidden = Set(
      code.functions.filter { $0.isHidden && $0.isGlobal && code.isSubprogram($0) }.map(\.name))
    guard !hidden.isEmpty else { return }
    for id in btf.ids(of: .function) where hidden.contains(btf.name(of: id)) {
      guard let start = btf.start(of: id) else { continue }
      btf.setWord(UInt32(BTF.Kind.function.rawValue) << 24, at: start + 4)
    }
  }
}
