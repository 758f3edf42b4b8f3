public import BPFObject

/// A program that runs others one after the other on a hook which holds one: libxdp's and bpfman's
/// `xdp_dispatcher`. What it runs are freplace programs that took the places of its functions.
public struct Dispatcher: Hashable, Sendable, Codable {
  /// 1 or 2: of the configuration in its constants.
  public var version: UInt8
  /// How many programs it is made to run.
  public var count: UInt8
  /// Whether it takes packets in several pieces; version 2 tells.
  public var hasFragments: Bool
  /// The priorities of those programs, lowest first to run.
  public var priorities: [UInt32]

  /// Reads the constants of a program of that name; nil where they are nothing of the kind.
  ///
  /// Version 2 begins with the bytes 236, 2, the number of programs and whether fragments are taken,
  /// version 1 with that number alone. Ten masks of actions, ten priorities, and in version 2 ten
  /// masks of flags follow, of four bytes each.
  public init?(programName: String, constants: [UInt8]) {
    guard ["xdp_dispatcher", "tc_dispatcher"].contains(programName) else { return nil }
    let slots = 10
    func word(_ index: Int) -> UInt32? {
      let start = 4 + index * 4
      guard start + 4 <= constants.count else { return nil }
      return constants[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    guard constants.count >= 4 + 8 * slots else { return nil }
    if constants[0] == 236 {
      guard constants[1] == 2, constants[3] <= 1 else { return nil }
      version = 2
      count = constants[2]
      hasFragments = constants[3] == 1
    } else {
      guard constants[1...3].allSatisfy({ $0 == 0 }) else { return nil }
      version = 1
      count = constants[0]
      hasFragments = false
    }
    guard Int(count) <= slots else { return nil }
    priorities = (0..<Int(count)).compactMap { word(slots + $0) }
  }

  /// Whether a program of this name and type may be one.
  public static func isCandidate(_ name: String, _ type: ProgramType) -> Bool {
    name == "xdp_dispatcher" && type == .xdp || name == "tc_dispatcher" && type == .schedCls
  }
}

extension ObservedState {
  /// The programs that took the places of another's functions, by what links say; in the order in
  /// which they were attached.
  public func programs(behind id: UInt32) -> [ObservedProgram] {
    let byID = Dictionary(programs.map { ($0.id, $0) }) { first, _ in first }
    return links.sorted { $0.id < $1.id }.compactMap { link in
      guard case .tracing(_, id, _) = link.target, let program = byID[link.programID],
        program.type == .ext
      else { return nil }
      return program
    }
  }

  /// "a dispatcher (libxdp's form, version 2) of 2 programs: drop, count".
  public func dispatcherPhrase(_ program: ObservedProgram) -> String? {
    guard let dispatcher = program.dispatcher else { return nil }
    let names = programs(behind: program.id).map { $0.name.isEmpty ? "unnamed" : $0.name }
    var text = "a dispatcher (libxdp's form, version \(dispatcher.version)) of "
    text += dispatcher.count == 1 ? "1 program" : "\(dispatcher.count) programs"
    if !names.isEmpty { text += ": " + names.joined(separator: ", ") }
    return text
  }
}
