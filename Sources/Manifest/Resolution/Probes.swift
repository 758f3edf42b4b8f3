internal import BPFObject
internal import Planning

extension BlockReader {
  /// A kprobe or uprobe block.
  func probe(_ name: String) -> Manifest.HookBlock? {
    let isReturn = boolean("return")?.value
    let offset = number("offset", as: UInt64.self)?.value ?? 0
    let function = text("function")?.value
    if name == "uprobe" {
      guard let path = text("path")?.value else { return nil }
      let probe = UserProbe(
        path: path, function: function, offset: offset, isReturn: isReturn ?? false,
        process: number("pid", as: UInt32.self)?.value)
      return .userProbe(probe, saysWhen: isReturn != nil)
    }
    guard let target = function ?? text("syscall")?.value else { return nil }
    let probe = KernelProbe(
      function: target, isSystemCall: function == nil, offset: offset, isReturn: isReturn ?? false)
    return .kernelProbe(probe, saysWhen: isReturn != nil)
  }
}

extension ProgramImage {
  /// The section is one of `kretprobe`, `uretprobe` and `kretsyscall`.
  var isMadeForReturn: Bool {
    let kind = section.drop { $0 == "?" }.prefix { $0 != "/" && $0 != "." }
    return ["kretprobe", "uretprobe", "kretsyscall"].contains(String(kind))
  }

  /// The probe that the section names; nil when it names none, or no single one.
  var sectionProbe: Planning.Hook? {
    guard let target = attachTarget else { return nil }
    switch SectionName(section).targetKind {
    case .kernelFunction:
      guard let (function, offset) = Self.place(target) else { return nil }
      return .kernelProbe(
        KernelProbe(function: function, offset: offset, isReturn: isMadeForReturn))
    case .syscall:
      return .kernelProbe(
        KernelProbe(function: target, isSystemCall: true, isReturn: isMadeForReturn))
    case .userFunction:
      guard let colon = target.lastIndex(of: ":"),
        let (function, offset) = Self.place(target[target.index(after: colon)...])
      else { return nil }
      let path = String(target[..<colon])
      // A number stands for a place in the file.
      let number = ScalarText.integer(function).flatMap { UInt64(exactly: $0) }
      return .userProbe(
        UserProbe(
          path: path, function: number == nil ? function : nil, offset: number ?? offset,
          isReturn: isMadeForReturn))
    default: return nil
    }
  }

  /// `function` or `function+offset`.
  private static func place(_ text: some StringProtocol) -> (function: String, offset: UInt64)? {
    let parts = String(text).split(separator: "+" as Character, omittingEmptySubsequences: false)
      .map { String($0) }
    guard (1...2).contains(parts.count), !parts[0].isEmpty else { return nil }
    guard parts.count == 2 else { return (parts[0], 0) }
    guard let offset = ScalarText.integer(parts[1]).flatMap({ UInt64(exactly: $0) }) else {
      return nil
    }
    return (parts[0], offset)
  }
}
