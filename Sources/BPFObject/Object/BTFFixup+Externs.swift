/// The kernel takes no extern variables or functions in BTF: they become ordinary ones, as in libbpf.
extension BTFFixup {
  /// `.ksyms`: every entry becomes a variable of four bytes, functions share one dummy.
  mutating func allocateKernelSymbols() {
    guard let section = btf.first(.dataSection, named: ".ksyms") else { return }
    let variables = btf.variables(of: section)
    var integer: UInt32?
    var dummy: UInt32?
    // All functions share the names that are missing, so that is written once.
    var placeholder: UInt32 = 0
    var named: Set<UInt32> = []
    var fixed: [BTF.SectionVariable] = []
    for (index, entry) in variables.enumerated() {
      guard let start = btf.start(of: entry.type), let head = btf.head(entry.type) else { return }
      let type: UInt32
      if let integer { type = integer } else { type = fourByteInteger() }
      integer = type
      var replacement = entry.type
      switch head.kind {
      case .function:
        if dummy == nil {
          placeholder = btf.appendString("dummy_ksym")
          dummy = btf.appendType([
            placeholder, UInt32(BTF.Kind.variable.rawValue) << 24, type,
            BTF.Linkage.global.rawValue,
          ])
        }
        replacement = dummy ?? entry.type
        if named.insert(head.sizeOrType).inserted {
          nameParameters(of: head.sizeOrType, placeholder)
        }
        btf.setWord(
          UInt32(BTF.Kind.function.rawValue) << 24 | BTF.Linkage.global.rawValue, at: start + 4)
      case .variable:
        btf.setWord(type, at: start + 8)
        btf.setWord(BTF.Linkage.global.rawValue, at: start + 12)
      default: return
      }
      fixed.append(.init(type: replacement, offset: UInt32(4 * index), size: 4))
    }
    write(fixed, to: section, size: 4 * fixed.count)
  }

  /// `.kconfig`: laid out by descending alignment, ascending size and name.
  mutating func allocateConfiguration() {
    guard let section = btf.first(.dataSection, named: ".kconfig") else { return }
    var entries: [(name: String, alignment: Int, size: Int, variable: BTF.SectionVariable)] = []
    for variable in btf.variables(of: section) {
      guard btf.kind(of: variable.type) == .variable, let size = btf.size(of: variable.type) else {
        return
      }
      entries.append((btf.name(of: variable.type), alignment(of: variable.type), size, variable))
    }
    entries.sort {
      ($1.alignment, $0.size, $0.name) < ($0.alignment, $1.size, $1.name)
    }
    var end = 0
    var fixed: [BTF.SectionVariable] = []
    for entry in entries {
      let offset = (end + entry.alignment - 1) / entry.alignment * entry.alignment
      end = offset + entry.size
      var variable = entry.variable
      variable.offset = UInt32(truncatingIfNeeded: offset)
      fixed.append(variable)
      if let start = btf.start(of: variable.type) {
        btf.setWord(BTF.Linkage.global.rawValue, at: start + 12)
      }
    }
    write(fixed, to: section, size: end)
  }

  private mutating func write(_ variables: [BTF.SectionVariable], to section: UInt32, size: Int) {
    guard let start = btf.start(of: section) else { return }
    btf.setWord(UInt32(truncatingIfNeeded: size), at: start + 8)
    for (index, variable) in variables.enumerated() {
      let at = start + 12 + 12 * index
      btf.setWord(variable.type, at: at)
      btf.setWord(variable.offset, at: at + 4)
      btf.setWord(variable.size, at: at + 8)
    }
  }

  /// The kernel wants names for all parameters of a function that is not extern.
  private mutating func nameParameters(of prototype: UInt32, _ name: UInt32) {
    guard let head = btf.head(prototype), head.kind == .functionPrototype,
      let start = btf.start(of: prototype)
    else { return }
    for index in 0..<head.count {
      let at = start + 12 + 8 * index
      if btf.types.word(at: at + 4) != 0 && btf.types.word(at: at) == 0 {
        btf.setWord(name, at: at)
      }
    }
  }

  private mutating func fourByteInteger() -> UInt32 {
    for id in btf.ids(of: .int) where btf.integer(id)?.bits == 32 { return id }
    let name = btf.appendString("int")
    return btf.appendType([name, UInt32(BTF.Kind.int.rawValue) << 24, 4, 1 << 24 | 32])
  }

  /// Of an integer, an enumeration or an array of them: what configuration values are.
  private func alignment(of id: UInt32) -> Int {
    var next = btf.head(id)?.sizeOrType ?? 0
    for _ in 0..<BTF.depthLimit {
      guard let head = btf.skipModifiers(next) else { break }
      switch head.kind {
      case .array:
        guard let shape = btf.array(head.id) else { return 8 }
        next = shape.element
      case .int, .enumeration, .enumeration64: return max(1, min(8, Int(head.sizeOrType)))
      default: return 8
      }
    }
    return 8
  }
}
