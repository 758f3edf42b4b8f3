extension ProgramImage {
  /// The program for a kernel that knows no exceptions, whose verifier refuses a function that nothing
  /// calls. libbpf does the same where the kernel takes no declaration tags (before Linux 5.16), which
  /// name the callback.
  public func withoutExceptionCallback() -> ProgramImage {
    guard let end = exceptionCallback else { return self }
    var image = self
    image.exceptionCallback = nil
    image.instructions.removeSubrange(min(end, instructions.count)...)
    image.references.removeAll { $0.instruction >= end }
    image.externs.removeAll { $0.instruction >= end }
    image.functionInfo.removeAll { Int($0.instruction) >= end }
    image.lineInfo.removeAll { Int($0.instruction) >= end }
    image.coreRelocations.removeAll { $0.instruction >= end }
    image.coreResults.removeAll { $0.relocation.instruction >= end }
    return image
  }
}
