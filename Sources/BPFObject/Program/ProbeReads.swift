extension ProgramImage {
  /// Whether it calls `bpf_probe_read_{user,kernel}[_str]`, which kernels before 5.5 do not have.
  public var readsMemory: Bool { instructions.contains { $0.readingAnyMemory != $0 } }
}

extension Instruction {
  /// A call of `bpf_probe_read_{user,kernel}[_str]` as one of the older `bpf_probe_read[_str]`;
  /// any other instruction as it is.
  public var readingAnyMemory: Instruction {
    guard opcode == 0x85, registers == 0 else { return self }
    var older = self
    switch immediate {
    case 112, 113: older.immediate = 4
    case 114, 115: older.immediate = 45
    default: break
    }
    return older
  }
}
