internal import BPFObject

extension SourceLine {
  /// The C source line that a rejected program's log ends at: the last instruction that the
  /// verifier printed, looked up in the line info. nil if the log names none or the object has no
  /// line info.
  init?(log: String, lineInfo: [LineInfo], btf: [UInt8]) {
    guard !lineInfo.isEmpty, !btf.isEmpty,
      let instruction = SourceLine.lastInstruction(in: log), let types = try? BTF(parsing: btf)
    else { return nil }
    self.init(of: Int(instruction), in: lineInfo, types)
  }

  /// What to do about words of an older verifier that name neither the cause nor a way out.
  static func hint(log: String) -> String? {
    // That was BPF_XADD only; newer compilers use what came in 5.12 where they may.
    log.contains("BPF_STX uses reserved fields")
      ? "kernels before 5.12 have no atomic operations but addition without a result: compile the "
        + "object with -mcpu=v2" : nil
  }

  /// The verifier writes `INDEX: (OPCODE) …` for each instruction that it looks at.
  static func lastInstruction(in log: String) -> UInt32? {
    for line in log.split(separator: "\n").reversed() {
      guard let colon = line.firstIndex(of: ":"), let index = UInt32(line[..<colon]),
        line[line.index(after: colon)...].hasPrefix(" (")
      else { continue }
      return index
    }
    return nil
  }
}

extension ProgramImage {
  /// The failed CO-RE relocation that a rejected program's log ends at; nil if it ends elsewhere.
  func poisonedRelocation(log: String) -> COREResult? {
    SourceLine.lastInstruction(in: log).flatMap { poisonedRelocation(at: Int($0)) }
  }
}
