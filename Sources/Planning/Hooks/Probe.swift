internal import BPFObject

/// A place in the kernel's code.
public struct KernelProbe: Hashable, Sendable, Codable {
  /// A function, or a system call by its name without prefixes.
  public var function: String
  public var isSystemCall: Bool
  /// Bytes from the function's start.
  public var offset: UInt64
  /// When the function returns.
  public var isReturn: Bool

  public init(function: String, isSystemCall: Bool = false, offset: UInt64 = 0, isReturn: Bool) {
    self.function = function
    self.isSystemCall = isSystemCall
    self.offset = offset
    self.isReturn = isReturn
  }

  /// The names that kernels give the function; a system call has a prefix of the architecture's.
  public var symbols: [String] {
    guard isSystemCall else { return [function] }
    return ["__x64_sys_", "__arm64_sys_", "__riscv_sys_", "__s390x_sys_", "__se_sys_", "sys_"]
      .map { $0 + function }
  }
}

/// A place in the code of programs or of a shared library.
public struct UserProbe: Hashable, Sendable, Codable {
  /// A path, or a library's or program's name to be searched for.
  public var path: String
  /// nil: `offset` counts from the start of the file.
  public var function: String?
  public var offset: UInt64
  public var isReturn: Bool
  /// nil = in all processes.
  public var process: UInt32?

  public init(
    path: String, function: String?, offset: UInt64 = 0, isReturn: Bool, process: UInt32? = nil
  ) {
    self.path = path
    self.function = function
    self.offset = offset
    self.isReturn = isReturn
    self.process = process
  }
}

// MARK: In a spec

extension KernelProbe: HookFamily {
  var spec: Spec {
    Spec([
      "hook": "kprobe", "function": .text(function), "syscall": .bool(isSystemCall),
      "offset": .number(offset), "return": .bool(isReturn),
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let function = spec.text("function"), let offset: UInt64 = spec.number("offset") else {
      return nil
    }
    return .kernelProbe(
      KernelProbe(
        function: function, isSystemCall: spec.flag("syscall"), offset: offset,
        isReturn: spec.flag("return")))
  }

  var kind: HookKind { HookKind(linkTypes: [.perfEvent]) }
  var needs: [KernelFeature] { [.kprobes, .perfEventLinks] }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    case .kernelProbe(let found, let foundOffset, let foundReturn):
      // A kernel that hides its addresses from the caller may hide the name as well.
      foundReturn == isReturn
        && (found.isEmpty || symbols.contains(found) && foundOffset == offset)
    case .other: true
    default: false
    }
  }
}

extension UserProbe: HookFamily {
  var spec: Spec {
    var spec = Spec([
      "hook": "uprobe", "path": .text(path), "offset": .number(offset), "return": .bool(isReturn),
    ])
    if let function { spec["function"] = .text(function) }
    if let process { spec["pid"] = .number(UInt64(process)) }
    return spec
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let path = spec.text("path"), let offset: UInt64 = spec.number("offset") else {
      return nil
    }
    return .userProbe(
      UserProbe(
        path: path, function: spec.text("function"), offset: offset,
        isReturn: spec.flag("return"),
        process: spec.number("pid")))
  }

  var kind: HookKind { HookKind(linkTypes: [.perfEvent]) }
  var needs: [KernelFeature] { [.uprobes, .perfEventLinks] }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    case .userProbe(_, let foundOffset, let foundReturn):
      // Where the function begins is found in the file when the hook is looked at.
      foundReturn == isReturn && (targetID == 0 || foundOffset == targetID)
    case .other: true
    default: false
    }
  }
}

// MARK: In words

extension KernelProbe {
  var phrase: String {
    "\(isReturn ? "kretprobe" : "kprobe") of \(isSystemCall ? "system call " : "")\(function)"
      + (offset == 0 ? "" : "+\(offset)")
  }
}

extension UserProbe {
  var phrase: String {
    let place = function.map { offset == 0 ? $0 : "\($0)+\(offset)" } ?? "offset \(offset)"
    return "\(isReturn ? "uretprobe" : "uprobe") of \(place) in \(path)"
      + (process.map { " of process \($0)" } ?? "")
  }
}
