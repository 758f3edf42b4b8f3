internal import BPFObject

/// Writes the few programs that the tool runs itself. Jumps go forwards to labels.
struct Assembler {
  enum Width: Int {
    case byte = 1
    case half = 2
    case word = 4
    case double = 8

    /// The size bits of the opcode.
    var bits: UInt8 {
      switch self {
      case .byte: 0x10
      case .half: 0x08
      case .word: 0x00
      case .double: 0x18
      }
    }
  }

  /// Helpers by their numbers in `enum bpf_func_id`.
  enum Helper: Int32 {
    case mapLookup = 1
    case mapUpdate = 2
    case mapDelete = 3
    case readKernel = 113
    case sequenceWrite = 127
  }

  enum Condition: UInt8 {
    case equal = 0x15
    case notEqual = 0x55
    /// Unsigned.
    case greaterOrEqual = 0x35
  }

  typealias Label = String

  private(set) var instructions: [Instruction] = []
  private var places: [Label: Int] = [:]
  private var jumps: [(at: Int, to: Label)] = []

  mutating func load(_ width: Width, _ register: UInt8, from base: UInt8, at offset: Int) {
    emit(0x61 | width.bits, base << 4 | register, offset)
  }

  mutating func store(_ width: Width, _ register: UInt8, to base: UInt8, at offset: Int) {
    emit(0x63 | width.bits, register << 4 | base, offset)
  }

  mutating func store(_ width: Width, constant: Int32, to base: UInt8, at offset: Int) {
    emit(0x62 | width.bits, base, offset, constant)
  }

  /// In one go for all CPUs; words and double words only.
  mutating func atomicAdd(_ width: Width, _ register: UInt8, to base: UInt8, at offset: Int) {
    emit(0xc3 | width.bits, register << 4 | base, offset)
  }

  mutating func move(_ register: UInt8, _ source: UInt8) { emit(0xbf, source << 4 | register) }
  mutating func move(_ register: UInt8, constant: Int32) { emit(0xb7, register, 0, constant) }
  mutating func add(_ register: UInt8, constant: Int32) { emit(0x07, register, 0, constant) }

  mutating func map(_ register: UInt8, descriptor: Int32) {
    emit(0x18, PseudoSource.mapFD << 4 | register, 0, descriptor)
    emit(0)
  }

  mutating func call(_ helper: Helper) { emit(0x85, 0, 0, helper.rawValue) }
  mutating func exit() { emit(0x95) }

  mutating func jump(_ label: Label) {
    jumps.append((instructions.count, label))
    emit(0x05)
  }

  mutating func jump(
    _ label: Label, if register: UInt8, _ condition: Condition, constant: Int32
  ) {
    jumps.append((instructions.count, label))
    emit(condition.rawValue, register, 0, constant)
  }

  mutating func jump(_ label: Label, if register: UInt8, _ condition: Condition, _ other: UInt8) {
    jumps.append((instructions.count, label))
    emit(condition.rawValue | 0x08, other << 4 | register)
  }

  mutating func label(_ label: Label) { places[label] = instructions.count }

  /// The program; nil when a jump is too long for it.
  func assembled() -> [Instruction]? {
    var finished = instructions
    for (at, label) in jumps {
      guard let place = places[label], let distance = Int16(exactly: place - at - 1) else {
        return nil
      }
      finished[at].offset = distance
    }
    return finished
  }

  private mutating func emit(
    _ opcode: UInt8, _ registers: UInt8 = 0, _ offset: Int = 0, _ immediate: Int32 = 0
  ) {
    instructions.append(
      Instruction(
        opcode: opcode, registers: registers, offset: Int16(truncatingIfNeeded: offset),
        immediate: immediate))
  }
}
