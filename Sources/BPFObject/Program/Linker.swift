/// Puts a program together: its own code, then each function that it reaches, in the order in which
/// a depth-first walk over the instructions first meets them.
struct Linker {
  let code: ObjectCode
  let externs: [String: ExternDefinition]
  private(set) var instructions: [Instruction] = []
  private(set) var references: [MapReference] = []
  private(set) var externReferences: [ExternReference] = []
  private(set) var functionInfo: [FunctionInfo] = []
  private(set) var lineInfo: [LineInfo] = []
  /// By ascending instruction of the image.
  private(set) var coreRelocations: [BTFExtension.CORERelocation] = []
  /// Where the first instruction of a function landed.
  private var placed: [Int: Int] = [:]

  /// A function whose instructions are being walked.
  private struct Frame {
    var function: Int
    var base: Int
    /// The next instruction to look at, from the function's start.
    var next = 0
  }

  init(code: ObjectCode, externs: [String: ExternDefinition]) {
    self.code = code
    self.externs = externs
  }

  mutating func link(_ program: Int) throws(ObjectError) {
    // An explicit stack: a hostile object may nest calls deeper than ours would stand.
    var stack = [Frame(function: program, base: try place(program))]
    if let callback = exceptionCallback(of: program) { pending.append(callback) }
    while true {
      guard var frame = stack.popLast() else {
        guard let next = pending.popLast() else { return }
        if placed[next] == nil {
          let base = try place(next)
          exceptionCallback = base
          stack.append(Frame(function: next, base: base))
        }
        continue
      }
      let function = code.functions[frame.function]
      var callee: Int?
      while callee == nil, let index = nextReference(of: frame, function.count) {
        frame.next = index + 1
        guard let target = try target(ofInstruction: index, of: function, at: frame.base) else {
          continue
        }
        let base: Int
        if let known = placed[target] {
          base = known
        } else {
          base = try place(target)
          callee = target
        }
        let position = frame.base + index
        instructions[position].immediate = Int32(truncatingIfNeeded: base - position - 1)
      }
      if let callee, let base = placed[callee] {
        stack.append(frame)
        stack.append(Frame(function: callee, base: base))
      }
    }
  }

  /// The next instruction of a function of `count` instructions that may refer to another function.
  private func nextReference(of frame: Frame, _ count: Int) -> Int? {
    instructions[frame.base + frame.next..<frame.base + count].firstIndex {
      $0.isWideLoad || $0.isLocalCall
    }.map { $0 - frame.base }
  }

  /// Functions to append after everything that is called.
  private var pending: [Int] = []
  var exceptionCallbacks: [String: String] = [:]
  /// Where the callback landed.
  private(set) var exceptionCallback: Int?

  private func exceptionCallback(of program: Int) -> Int? {
    guard let name = exceptionCallbacks[code.functions[program].name] else { return nil }
    return code.functions.firstIndex { $0.section == code.text && $0.name == name }
  }

  /// Appends a function with its map references and type and line information.
  private mutating func place(_ index: Int) throws(ObjectError) -> Int {
    let function = code.functions[index]
    let base = instructions.count
    guard let section = code.sections[function.section] else {
      throw failure("stands in no section", function, 0)
    }
    placed[index] = base
    if base == 0, function.start == 0, function.end == section.instructions.count {
      // Shared until something is relocated.
      instructions = section.instructions
    } else {
      instructions += section.instructions[function.start..<function.end]
    }
    for offset in 0..<(section.relocations.isEmpty ? 0 : function.count) {
      guard let symbol = section.symbol(of: function.start + offset) else { continue }
      try relocate(offset, of: function, at: base, against: symbol)
    }
    copyInfo(function, section, to: base)
    return base
  }

  func failure(
    _ message: String, _ function: ObjectCode.Function, _ offset: Int, hint: String? = nil
  ) -> ObjectError {
    ObjectError(
      section: code.sectionNames[function.section], offset: (function.start + offset) * 8,
      message: "function \"\(function.name)\" \(message)", hint: hint)
  }

  private mutating func copyInfo(
    _ function: ObjectCode.Function, _ section: ObjectCode.Section, to base: Int
  ) {
    func moved(_ instruction: UInt32) -> UInt32 {
      UInt32(truncatingIfNeeded: base + Int(instruction) - function.start)
    }
    // A program without types cannot have functions with types: the kernel wants all or none.
    if base == 0 || !functionInfo.isEmpty {
      let entries = BTFExtension.slice(
        code.extended.functionInfo[section.name], from: function.start, to: function.end
      ) { $0.instruction }
      for var info in entries {
        info.instruction = moved(info.instruction)
        functionInfo.append(info)
      }
    }
    if base == 0 || !lineInfo.isEmpty {
      let entries = BTFExtension.slice(
        code.extended.lineInfo[section.name], from: function.start, to: function.end
      ) { $0.instruction }
      for var info in entries {
        info.instruction = moved(info.instruction)
        lineInfo.append(info)
      }
    }
    let relocations = BTFExtension.slice(
      code.extended.coreRelocations[section.name], from: function.start, to: function.end
    ) { $0.instruction }
    for var relocation in relocations {
      relocation.instruction = moved(relocation.instruction)
      coreRelocations.append(relocation)
    }
  }

  // MARK: Relocations

  /// Resolves what one instruction refers to, but for functions: those are placed by `link`.
  private mutating func relocate(
    _ offset: Int, of function: ObjectCode.Function, at base: Int, against symbolIndex: Int
  ) throws(ObjectError) {
    let position = base + offset
    let instruction = instructions[position]
    guard let symbol = code.symbols[symbolIndex] else {
      throw failure("is relocated against no symbol", function, offset)
    }
    if symbol.isUndefined { return try refer(to: symbol, offset, of: function, at: position) }
    if instruction.opcode == 0x85 {
      guard instruction.isLocalCall, symbol.section == code.text else {
        throw failure("calls a function outside of .text", function, offset)
      }
      return
    }
    guard instruction.isWideLoad, offset + 1 < function.count else {
      throw failure(
        "has a relocation of an instruction that is neither a call nor a 64-bit load", function,
        offset)
    }
    guard !symbol.isReserved else {
      throw failure("refers to the symbol \"\(symbol.name)\" of no section", function, offset)
    }
    if symbol.section == code.text {
      instructions[position].setSource(PseudoSource.function)
    } else if symbol.section == code.mapSection {
      guard let map = code.mapsByOffset[symbol.value], instruction.immediate == 0 else {
        throw failure("refers into the middle of a map", function, offset)
      }
      instructions[position].setSource(PseudoSource.mapFD)
      instructions[position + 1].immediate = 0
      references.append(MapReference(instruction: position, map: map))
    } else if let map = code.dataMaps[symbol.section] {
      refer(to: map, at: UInt32(truncatingIfNeeded: symbol.value), position)
    } else if let arena = code.arena, symbol.section == arena.section {
      refer(to: arena.map, at: UInt32(truncatingIfNeeded: symbol.value &+ arena.offset), position)
    } else {
      let section = code.sectionNames[symbol.section] ?? "\(symbol.section)"
      throw failure(
        "refers to the section \(section), which is neither maps nor data", function, offset)
    }
  }

  /// An address in a map's value; the instruction has an offset to add.
  private mutating func refer(to map: String, at offset: UInt32, _ position: Int) {
    let value = offset &+ UInt32(bitPattern: instructions[position].immediate)
    instructions[position].setSource(PseudoSource.mapValue)
    instructions[position].immediate = 0
    instructions[position + 1].immediate = Int32(bitPattern: value)
    references.append(MapReference(instruction: position, map: map, valueOffset: value))
  }

  /// A use of what the kernel provides; its instructions are filled in when the kernel is known.
  private mutating func refer(
    to symbol: ObjectCode.Symbol, _ offset: Int, of function: ObjectCode.Function, at position: Int
  ) throws(ObjectError) {
    guard let extern = externs[symbol.name] else {
      throw failure(
        "refers to \"\(symbol.name)\", which is not defined", function, offset,
        hint: "declare it with __ksym or __kconfig, and compile with -g")
    }
    let instruction = instructions[position]
    let isCall = instruction.isLocalCall
    guard isCall && extern.isFunction || instruction.isWideLoad && offset + 1 < function.count
    else {
      throw failure("uses the extern \"\(symbol.name)\" in an unknown way", function, offset)
    }
    if let place = extern.configurationOffset {
      instructions[position].setSource(PseudoSource.mapValue)
      instructions[position].immediate = 0
      instructions[position + 1].immediate = Int32(bitPattern: place)
      references.append(
        MapReference(
          instruction: position, map: ObjectFile.configurationMap, valueOffset: place))
      return
    }
    externReferences.append(extern.reference(at: position, isCall: isCall))
    instructions[position].setSource(
      isCall ? PseudoSource.kernelFunction : extern.isTyped ? PseudoSource.btfID : 0)
    instructions[position].immediate = 0
    if !isCall { instructions[position + 1].immediate = 0 }
  }

  /// The function that an instruction calls or takes the address of.
  private func target(
    ofInstruction offset: Int, of function: ObjectCode.Function, at base: Int
  ) throws(ObjectError) -> Int? {
    let instruction = instructions[base + offset]
    let isAddress = instruction.isWideLoad && instruction.source == PseudoSource.function
    guard instruction.isLocalCall || isAddress else { return nil }
    let symbol = code.sections[function.section]?.symbol(of: function.start + offset)
      .flatMap { code.symbols[$0] }
    let section: Int
    let position: Int
    if let symbol {
      // A global function is its symbol's value; a static one stands in the immediate, relative to
      // the section's symbol.
      guard let value = Int(exactly: symbol.value), value % 8 == 0, value <= Int(Int32.max) else {
        throw failure("refers into the middle of an instruction", function, offset)
      }
      section = symbol.section
      if isAddress {
        guard instruction.immediate % 8 == 0 else {
          throw failure("refers into the middle of an instruction", function, offset)
        }
        position = (value + Int(instruction.immediate)) / 8
      } else {
        position = value / 8 + Int(instruction.immediate) + 1
      }
    } else if isAddress {
      throw failure("takes the address of a function that nothing names", function, offset)
    } else {
      section = function.section
      position = function.start + offset + Int(instruction.immediate) + 1
    }
    guard let target = code.function(in: section, at: position), section == code.text,
      code.functions[target].start == position
    else {
      throw failure("calls into what is no function of .text", function, offset)
    }
    return target
  }
}
