/// Puts a relocation's number into an instruction.
struct COREPatch {
  /// nil: the number is not compared with what stands there.
  var expected: UInt64?
  var number: UInt64
  /// The widths of the field in the object's types and in the kernel's.
  var localWidth = 0
  var targetWidth = 0
  /// Whether a load or store may be made as wide as the kernel's field: for pointers and unsigned
  /// integers, which zeros extend.
  var isWidthAdjustable = true

  enum Result {
    case patched
    /// The access cannot be done in the kernel's width.
    case poisoned(String)
  }

  /// The helper that a poisoned instruction calls: 0xbad2310, "bad relo".
  static let poison: Int32 = 195_896_080

  /// Replaces an instruction, of a 64-bit load both slots, by a call that the verifier refuses.
  static func poison(_ position: Int, in instructions: inout [Instruction]) {
    let call = Instruction(opcode: 0x85, immediate: poison)
    if instructions[position].isWideLoad, position + 1 < instructions.count {
      instructions[position + 1] = call
    }
    instructions[position] = call
  }

  func apply(
    at position: Int, in instructions: inout [Instruction]
  ) throws(ObjectError) -> Result {
    let instruction = instructions[position]
    switch instruction.opcode & 7 {
    case 4, 7:  // ALU, ALU64
      guard instruction.opcode & 8 == 0 else {
        throw ObjectError(message: "the arithmetic instruction has no immediate")
      }
      try check(UInt64(bitPattern: Int64(instruction.immediate)))
      instructions[position].immediate = Int32(truncatingIfNeeded: number)
    case 1, 2, 3:  // LDX, ST, STX
      return try applyToAccess(at: position, in: &instructions)
    case 0:  // LD
      guard instruction.isWideLoad, instruction.source == 0, instruction.offset == 0,
        position + 1 < instructions.count,
        instructions[position + 1].opcode == 0, instructions[position + 1].registers == 0,
        instructions[position + 1].offset == 0
      else { throw ObjectError(message: "the 64-bit load has an unexpected form") }
      let high = UInt64(UInt32(bitPattern: instructions[position + 1].immediate))
      try check(high << 32 | UInt64(UInt32(bitPattern: instruction.immediate)))
      instructions[position].immediate = Int32(truncatingIfNeeded: number)
      instructions[position + 1].immediate = Int32(truncatingIfNeeded: number >> 32)
    default:
      throw ObjectError(message: "the instruction is no load, store or arithmetic")
    }
    return .patched
  }

  private func applyToAccess(
    at position: Int, in instructions: inout [Instruction]
  ) throws(ObjectError) -> Result {
    let instruction = instructions[position]
    try check(UInt64(bitPattern: Int64(instruction.offset)))
    guard number <= UInt64(Int16.max) else {
      throw ObjectError(message: "the offset \(number) does not fit into a load or store")
    }
    guard isWidthAdjustable else {
      return .poisoned(
        "the field has \(targetWidth) bytes in the kernel and \(localWidth) in the program, and "
          + "only pointers and unsigned integers can be read in another size")
    }
    instructions[position].offset = Int16(truncatingIfNeeded: number)
    guard localWidth != targetWidth else { return .patched }
    let width = Self.width(of: instruction.opcode)
    guard width == localWidth else {
      throw ObjectError(
        message: "the instruction accesses \(width) bytes of a field of \(localWidth)")
    }
    guard let size = Self.sizes[targetWidth] else {
      throw ObjectError(message: "the kernel's field has \(targetWidth) bytes")
    }
    instructions[position].opcode = instruction.opcode & ~0x18 | size
    return .patched
  }

  private func check(_ found: UInt64) throws(ObjectError) {
    guard let expected, found != expected else { return }
    throw ObjectError(
      message: "the instruction holds \(Int64(bitPattern: found)), but by the object's types it "
        + "should be \(Int64(bitPattern: expected))",
      hint: "the object's BTF does not belong to its code")
  }

  /// `BPF_SIZE` by bytes.
  private static let sizes: [Int: UInt8] = [8: 0x18, 4: 0x00, 2: 0x08, 1: 0x10]

  private static func width(of opcode: UInt8) -> Int {
    switch opcode & 0x18 {
    case 0x18: 8
    case 0x00: 4
    case 0x08: 2
    default: 1
    }
  }
}
