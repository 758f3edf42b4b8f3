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

  /// `r0 = number`, `exit`, after an `r1 = map` for each that is named (`.rodata`: the address of its
  /// value): accepted by every verifier.
  static func image(
    _ name: String, type: ProgramType = .xdp, returning number: Int32, maps: [String] = []
  ) -> ProgramImage {
    var instructions: [Instruction] = []
    var references: [MapReference] = []
    for map in maps {
      let isData = map.hasPrefix(".")
      references.append(
        MapReference(
          instruction: instructions.count, map: map, valueOffset: isData ? 0 : nil))
      let source = isData ? PseudoSource.mapValue : PseudoSource.mapFD
      instructions += [
        Instruction(opcode: 0x18, registers: source << 4 | 1), Instruction(opcode: 0),
      ]
    }
    instructions += [
      Instruction(opcode: 0xb7, registers: 0, immediate: number), Instruction(opcode: 0x95),
    ]
    return ProgramImage(
      name: name, section: "\(type)", type: type, license: "GPL", instructions: instructions,
      references: references)
  }

  static func attachment(_ name: String, _ hook: Hook) -> DesiredAttachment {
    DesiredAttachment(
      name: name, instance: nil, program: "", hook: hook, pin: PinSpec(path: ""))
  }
}
