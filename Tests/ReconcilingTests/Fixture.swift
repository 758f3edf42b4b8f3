import BPFObject
import Planning
import Reconciling

/// Small things that tests are made of.
enum Fixture {
  static func bytes(_ value: UInt64, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  static func table(keySize: Int, valueSize: Int, _ rows: [UInt64: UInt64]) -> EntryTable {
    let sorted = rows.sorted { $0.key < $1.key }
    return EntryTable(
      keySize: keySize, valueSize: valueSize, keys: sorted.flatMap { bytes($0.key, keySize) },
      values: sorted.flatMap { bytes($0.value, valueSize) })
  }

  /// `r1 = map` (if one is named), `r0 = number`, `exit`: accepted by every verifier.
  static func image(
    _ name: String, type: ProgramType = .xdp, returning number: Int32, map: String? = nil
  ) -> ProgramImage {
    var instructions: [Instruction] = []
    if map != nil {
      instructions += [
        Instruction(opcode: 0x18, registers: PseudoSource.mapFD << 4 | 1), Instruction(opcode: 0),
      ]
    }
    instructions += [
      Instruction(opcode: 0xb7, registers: 0, immediate: number), Instruction(opcode: 0x95),
    ]
    return ProgramImage(
      name: name, section: "\(type)", type: type, license: "GPL", instructions: instructions,
      references: map.map { [MapReference(instruction: 0, map: $0)] } ?? [])
  }

  static func attachment(_ name: String, _ hook: Hook) -> DesiredAttachment {
    DesiredAttachment(
      name: name, instance: nil, program: "", hook: hook, pin: PinSpec(path: ""))
  }
}
