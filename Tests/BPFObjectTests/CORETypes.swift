@testable import BPFObject

/// A program's types and a kernel's, made by hand, and relocations between them.
struct CORETypes {
  var local = BTFBuilder()
  var kernel = BTFBuilder()
  /// `BPF_LDX | BPF_MEM | BPF_W`, `BPF_ALU64 | BPF_MOV | BPF_K`.
  static let load: UInt8 = 0x61
  static let move: UInt8 = 0xb7

  func targets() -> TargetTypes { TargetTypes(vmlinux: kernel.btf) }

  func image(
    _ relocations: [CORERelocation], _ instructions: [Instruction]
  ) -> ProgramImage {
    var image = ProgramImage(
      name: "test", section: "xdp", type: .xdp, instructions: instructions)
    image.coreRelocations = relocations
    image.localTypes = LocalTypes(local.btf)
    return image
  }

  /// One relocation of one instruction, which a zero follows.
  func relocate(
    _ kind: CORERelocation.Kind, _ type: UInt32, _ access: String, _ instruction: Instruction
  ) throws(ObjectError) -> (instruction: Instruction, result: COREResult) {
    let relocation = CORERelocation(instruction: 0, kind: kind, typeID: type, access: access)
    let image = try image([relocation], [instruction, Instruction(opcode: 0)])
      .relocated(against: targets(), work: WorkLimit(1 << 17))
    return (image.instructions[0], image.coreResults[0])
  }

  /// The number that a move of `written` gets; nil when it is poisoned.
  func number(
    _ kind: CORERelocation.Kind, _ type: UInt32, _ access: String = "0", written: Int32 = 0
  ) throws(ObjectError) -> Int32? {
    let (instruction, result) = try relocate(
      kind, type, access, Instruction(opcode: Self.move, immediate: written))
    return result.isPoisoned ? nil : instruction.immediate
  }

  /// Why it fails altogether.
  func message(
    _ kind: CORERelocation.Kind, _ type: UInt32, _ access: String, written: Int32 = 0
  ) -> String {
    do throws(ObjectError) {
      _ = try number(kind, type, access, written: written)
      return "no error"
    } catch { return error.description }
  }
}

extension BTFBuilder {
  /// A structure of 32-bit integers.
  mutating func integers(_ name: String, _ members: [String], size: Int? = nil) -> UInt32 {
    let int = integer("int", size: 4, signed: true)
    return structure(
      name, size: size ?? 4 * members.count,
      members: members.enumerated().map {
        .init(name: $0.element, type: int, bitOffset: 32 * $0.offset)
      })
  }
}
