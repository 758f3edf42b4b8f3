internal import BPFObject
internal import Crypto

/// The tag that a kernel will report for an image: the first eight bytes of a hash over all
/// instructions as passed to PROG_LOAD, the immediates of map loads zeroed.
enum TagPrediction {
  /// nil where an instruction will hold a number that only the running kernel knows: with CO-RE
  /// relocations too, until they are done.
  static func tag(of image: ProgramImage, algorithm: TagAlgorithm) -> String? {
    guard !image.dependsOnKernel else { return nil }
    var instructions = image.instructions
    for reference in image.references where instructions.indices.contains(reference.instruction + 1)
    {
      let source = reference.valueOffset == nil ? PseudoSource.mapFD : PseudoSource.mapValue
      let first = reference.instruction
      instructions[first].registers = instructions[first].destination | source << 4
      instructions[first].immediate = 0
      instructions[first + 1].immediate = 0
    }
    guard !instructions.contains(where: dependsOnKernel) else { return nil }
    let bytes = instructions.flatMap(bytes)
    let hash: [UInt8] =
      switch algorithm {
      case .sha1: Array(Insecure.SHA1.hash(data: bytes))
      case .sha256: Array(SHA256.hash(data: bytes))
      }
    return Digest.hex(hash: hash.prefix(8))
  }

  private static func dependsOnKernel(_ instruction: Instruction) -> Bool {
    switch (instruction.opcode, instruction.source) {
    case (wideLoad, PseudoSource.btfID), (wideLoad, PseudoSource.mapIndex),
      (wideLoad, PseudoSource.mapIndexValue), (call, kernelFunction):
      true
    default: false
    }
  }

  private static let wideLoad: UInt8 = 0x18
  private static let call: UInt8 = 0x85
  private static let kernelFunction: UInt8 = 2

  private static func bytes(_ instruction: Instruction) -> [UInt8] {
    let offset = UInt16(bitPattern: instruction.offset)
    let immediate = UInt32(bitPattern: instruction.immediate)
    return [instruction.opcode, instruction.registers]
      + (0..<2).map { UInt8(truncatingIfNeeded: offset >> (8 * UInt16($0))) }
      + (0..<4).map { UInt8(truncatingIfNeeded: immediate >> (8 * UInt32($0))) }
  }
}
