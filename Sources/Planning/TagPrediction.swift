internal import BPFObject

/// The tag that a kernel will report for an image, where it can be known beforehand.
enum TagPrediction {
  /// nil where an instruction will hold a number that only the running kernel knows, with CO-RE
  /// relocations too until they are done; and where it decides whether there is a callback.
  static func tag(of image: ProgramImage, algorithm: TagAlgorithm) -> String? {
    guard !image.dependsOnKernel else { return nil }
    // Descriptors are not in the tag, that an instruction loads a map is.
    let instructions = image.instructions { _ in 0 }
    guard !instructions.contains(where: dependsOnKernel) else { return nil }
    return ProgramTag(of: instructions, algorithm: algorithm).description
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
}
