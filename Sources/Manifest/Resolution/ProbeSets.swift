internal import BPFObject
internal import Planning

/// Probes at many places, from blocks and from sections.
extension Resolver {
  mutating func hooks(
    of block: Manifest.ProbeSetBlock, _ program: DesiredProgram, at position: Position
  ) -> [(instance: String?, hook: Planning.Hook)] {
    let isUser = block.path != nil
    let (multi, session): (AttachType, AttachType) =
      isUser
      ? (.traceUprobeMulti, .traceUprobeSession) : (.traceKprobeMulti, .traceKprobeSession)
    guard fits(program, [.kprobe], position),
      let isSession = isSession(block, program, multi, session, at: position)
    else { return [] }
    let isReturn = block.isReturn?.value ?? (!isSession && program.image.isMadeForReturn)
    if isSession, isReturn, let at = block.isReturn?.at {
      log.error(
        "conflicting-keys", "a session is of the beginning and the end of a function", at: at,
        hints: ["leave 'return' out"])
      return []
    }
    guard checkCookies(block) else { return [] }
    let functions = block.functions.map(\.value)
    let cookies = block.cookies.compactMap { text in
      ScalarText.integer(text.value).flatMap { UInt64(exactly: $0) }
    }
    guard let path = block.path else {
      return [
        (
          nil,
          .kernelProbes(
            KernelProbeSet(
              functions: functions, cookies: cookies, isReturn: isReturn, isSession: isSession))
        )
      ]
    }
    let offsets = block.offsets.compactMap { text in
      ScalarText.integer(text.value).flatMap { UInt64(exactly: $0) }
    }
    return [
      (
        nil,
        .userProbes(
          UserProbeSet(
            path: path, functions: functions, offsets: offsets, cookies: cookies,
            isReturn: isReturn, isSession: isSession, process: block.process))
      )
    ]
  }

  /// What the program was made for decides; nil when that is neither, or not what the block says.
  private mutating func isSession(
    _ block: Manifest.ProbeSetBlock, _ program: DesiredProgram, _ multi: AttachType,
    _ session: AttachType, at position: Position
  ) -> Bool? {
    let made = program.image.expectedAttachType
    let wanted = block.isSession.map { $0.value ? session : multi }
    if let made, made == multi || made == session, wanted == nil || wanted == made {
      return made == session
    }
    let needed = wanted ?? multi
    log.error(
      "wrong-program",
      "'\(program.ref)' is made for \(made.map(\.description) ?? "one place") (section "
        + "'\(program.image.section)'), and this hook takes \(needed)",
      at: block.isSession?.at ?? position,
      hints: ["programs: {\(program.ref): {attach_type: \(needed)}} makes it for that"])
    return nil
  }

  /// As many cookies as places, each of which has a name or number of its own.
  private mutating func checkCookies(_ block: Manifest.ProbeSetBlock) -> Bool {
    guard let first = block.cookies.first else { return true }
    let places = block.functions + block.offsets
    if let pattern = block.functions.first(where: { Glob.isPattern($0.value) }) {
      log.error(
        "conflicting-keys",
        "a pattern can stand for many functions, and 'cookies' are for one each",
        at: first.at,
        hints: ["the attachment's 'cookie' is for all of them"],
        related: [("the pattern", pattern.at)])
      return false
    }
    guard block.cookies.count == places.count else {
      log.error(
        "conflicting-keys",
        "there are \(block.cookies.count) cookies for \(places.count) places", at: first.at)
      return false
    }
    return true
  }

  mutating func hooks(
    of block: StaticProbePlace, _ program: DesiredProgram, at position: Position
  ) -> [(instance: String?, hook: Planning.Hook)] {
    guard fits(program, [.kprobe], position) else { return [] }
    if let made = program.image.expectedAttachType, made == .traceUprobeMulti {
      return [(nil, .staticProbe(block))]
    }
    log.error(
      "wrong-program",
      "'\(program.ref)' is made for "
        + "\(program.image.expectedAttachType.map(\.description) ?? "one place") (section "
        + "'\(program.image.section)'), and this hook takes usdt", at: position,
      hints: ["SEC(\"usdt\") makes it for that"])
    return []
  }
}

extension ProgramImage {
  /// The many places that the section names; nil when it names none.
  var sectionProbeSet: Planning.Hook? {
    guard let target = attachTarget, let made = expectedAttachType else { return nil }
    switch SectionName(section).targetKind {
    case .kernelFunctions:
      return .kernelProbes(
        KernelProbeSet(
          functions: [target], isReturn: made == .traceKprobeMulti && isMadeForReturn,
          isSession: made == .traceKprobeSession))
    case .userFunctions:
      guard let colon = target.lastIndex(of: ":"), colon > target.startIndex else { return nil }
      let function = String(target[target.index(after: colon)...])
      guard !function.isEmpty else { return nil }
      return .userProbes(
        UserProbeSet(
          path: String(target[..<colon]), functions: [function],
          isReturn: made == .traceUprobeMulti && isMadeForReturn,
          isSession: made == .traceUprobeSession))
    case .usdt:
      let parts = target.split(separator: ":").map { String($0) }
      guard parts.count == 3 else { return nil }
      return .staticProbe(
        StaticProbePlace(path: parts[0], provider: parts[1], name: parts[2]))
    default: return nil
    }
  }
}
