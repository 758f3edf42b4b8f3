internal import BPFObject

/// Many functions of the kernel.
public struct KernelProbeSet: Hashable, Sendable, Codable {
  /// Names, or patterns of them (`*`, `?`).
  public var functions: [String]
  /// Of each function; empty = the attachment's for all.
  public var cookies: [UInt64]
  public var isReturn: Bool
  /// The program runs at the beginning and the end of a function.
  public var isSession: Bool

  public init(
    functions: [String], cookies: [UInt64] = [], isReturn: Bool = false, isSession: Bool = false
  ) {
    self.functions = functions
    self.cookies = cookies
    self.isReturn = isReturn
    self.isSession = isSession
  }
}

/// Many places in the code of a program or of a shared library.
public struct UserProbeSet: Hashable, Sendable, Codable {
  /// A path, or a library's or program's name to be searched for.
  public var path: String
  /// Names, or patterns of them (`*`, `?`).
  public var functions: [String]
  /// From the start of the file, where there are no functions.
  public var offsets: [UInt64]
  /// Of each function or offset; empty = the attachment's for all.
  public var cookies: [UInt64]
  public var isReturn: Bool
  public var isSession: Bool
  /// nil = in all processes.
  public var process: UInt32?

  public init(
    path: String, functions: [String] = [], offsets: [UInt64] = [], cookies: [UInt64] = [],
    isReturn: Bool = false, isSession: Bool = false, process: UInt32? = nil
  ) {
    self.path = path
    self.functions = functions
    self.offsets = offsets
    self.cookies = cookies
    self.isReturn = isReturn
    self.isSession = isSession
    self.process = process
  }
}

/// A static probe (USDT) of a program or of a shared library: all its places.
public struct StaticProbePlace: Hashable, Sendable, Codable {
  /// A path, or a library's or program's name to be searched for.
  public var path: String
  public var provider: String
  public var name: String
  /// nil = in all processes.
  public var process: UInt32?

  public init(path: String, provider: String, name: String, process: UInt32? = nil) {
    self.path = path
    self.provider = provider
    self.name = name
    self.process = process
  }
}

/// Places in code as one number, since there can be thousands of them.
public enum PlaceDigest {
  /// The same for the same places in whatever order; 0 for none.
  public static func of(_ places: [UInt64]) -> UInt64 {
    guard !places.isEmpty else { return 0 }
    // FNV-1a
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for place in places.sorted() {
      var rest = place
      for _ in 0..<8 {
        digest = (digest ^ (rest & 0xff)) &* 0x100_0000_01b3
        rest >>= 8
      }
    }
    return digest == 0 ? 1 : digest
  }
}

// MARK: As hooks

extension KernelProbeSet: HookFamily {
  var spec: Spec {
    var spec = Spec([
      "hook": "kprobe_multi", "functions": .texts(functions), "return": .bool(isReturn),
      "session": .bool(isSession),
    ])
    if !cookies.isEmpty { spec["cookies"] = .list(cookies.map { .number($0) }) }
    return spec
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let functions = spec.texts("functions") else { return nil }
    return .kernelProbes(
      KernelProbeSet(
        functions: functions, cookies: spec.numbers("cookies") ?? [],
        isReturn: spec.flag("return"), isSession: spec.flag("session")))
  }

  var phrase: String {
    "\(isSession ? "kprobe session" : isReturn ? "kretprobes" : "kprobes") of "
      + functions.joined(separator: ", ")
  }
  var kind: HookKind { HookKind(linkTypes: [.kprobeMulti]) }
  var needs: [KernelFeature] { [isSession ? .kprobeSession : .kprobeMulti] }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    case .kernelProbes(_, let digest, let foundReturn):
      // Addresses are hidden from a caller who may not see them.
      foundReturn == isReturn && (digest == 0 || targetID == 0 || digest == targetID)
    case .other: true
    default: false
    }
  }
}

extension UserProbeSet: HookFamily {
  var spec: Spec {
    var spec = Spec([
      "hook": "uprobe_multi", "path": .text(path), "return": .bool(isReturn),
      "session": .bool(isSession),
    ])
    if !functions.isEmpty { spec["functions"] = .texts(functions) }
    if !offsets.isEmpty { spec["offsets"] = .list(offsets.map { .number($0) }) }
    if !cookies.isEmpty { spec["cookies"] = .list(cookies.map { .number($0) }) }
    if let process { spec["pid"] = .number(UInt64(process)) }
    return spec
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let path = spec.text("path") else { return nil }
    let probes = UserProbeSet(
      path: path, functions: spec.texts("functions") ?? [], offsets: spec.numbers("offsets") ?? [],
      cookies: spec.numbers("cookies") ?? [], isReturn: spec.flag("return"),
      isSession: spec.flag("session"), process: spec.number("pid"))
    return probes.functions.isEmpty && probes.offsets.isEmpty ? nil : .userProbes(probes)
  }

  var phrase: String {
    let places =
      functions.isEmpty
      ? offsets.map { "offset \($0)" } : functions
    return "\(isSession ? "uprobe session" : isReturn ? "uretprobes" : "uprobes") of "
      + "\(places.joined(separator: ", ")) in \(path)"
      + (process.map { " of process \($0)" } ?? "")
  }
  var kind: HookKind { HookKind(linkTypes: [.uprobeMulti]) }
  var needs: [KernelFeature] { [isSession ? .uprobeSession : .uprobeMulti] }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    link.isOnUserProbes(isReturn: isReturn, process: process, digest: targetID)
  }
}

extension StaticProbePlace: HookFamily {
  var spec: Spec {
    var spec = Spec([
      "hook": "usdt", "path": .text(path), "provider": .text(provider), "name": .text(name),
    ])
    if let process { spec["pid"] = .number(UInt64(process)) }
    return spec
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let path = spec.text("path"), let provider = spec.text("provider"),
      let name = spec.text("name")
    else { return nil }
    return .staticProbe(
      StaticProbePlace(path: path, provider: provider, name: name, process: spec.number("pid")))
  }

  var phrase: String {
    "static probe \(provider):\(name) of \(path)" + (process.map { " of process \($0)" } ?? "")
  }
  var kind: HookKind { HookKind(linkTypes: [.uprobeMulti]) }
  var needs: [KernelFeature] { [.uprobeMulti] }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    link.isOnUserProbes(isReturn: false, process: process, digest: targetID)
  }
}

extension ObservedLink {
  /// A file that was replaced meanwhile is another one, and what runs is the new one.
  fileprivate func isOnUserProbes(isReturn: Bool, process: UInt32?, digest: UInt64) -> Bool {
    switch target {
    case .userProbes(let path, _, let found, let foundReturn, let foundProcess):
      // Before 6.8 the kernel does not tell.
      found == 0
        || foundReturn == isReturn && foundProcess == process ?? 0
          && (digest == 0 || found == digest) && !path.hasSuffix(" (deleted)")
    case .other: true
    default: false
    }
  }
}

extension SpecValue {
  fileprivate static func texts(_ texts: [String]) -> SpecValue {
    .list(texts.map { .text($0) })
  }
}

extension Spec {
  fileprivate func texts(_ field: String) -> [String]? {
    guard case .list(let values)? = self[field] else { return nil }
    return values.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  fileprivate func numbers(_ field: String) -> [UInt64]? {
    guard case .list(let values)? = self[field] else { return nil }
    return values.compactMap { if case .number(let number) = $0 { number } else { nil } }
  }
}
