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

extension KernelProbe {
  var spec: Spec {
    Spec([
      "hook": "kprobe", "function": .text(function), "syscall": .bool(isSystemCall),
      "offset": .number(offset), "return": .bool(isReturn),
    ])
  }

  init?(spec: Spec) {
    guard case .text(let function)? = spec["function"], case .number(let offset)? = spec["offset"]
    else { return nil }
    self.init(
      function: function, isSystemCall: spec["syscall"] == .bool(true), offset: offset,
      isReturn: spec["return"] == .bool(true))
  }
}

extension UserProbe {
  var spec: Spec {
    var spec = Spec([
      "hook": "uprobe", "path": .text(path), "offset": .number(offset), "return": .bool(isReturn),
    ])
    if let function { spec["function"] = .text(function) }
    if let process { spec["pid"] = .number(UInt64(process)) }
    return spec
  }

  init?(spec: Spec) {
    guard case .text(let path)? = spec["path"], case .number(let offset)? = spec["offset"] else {
      return nil
    }
    var function: String?
    if case .text(let name)? = spec["function"] { function = name }
    var process: UInt32?
    if case .number(let id)? = spec["pid"] { process = UInt32(exactly: id) }
    self.init(
      path: path, function: function, offset: offset, isReturn: spec["return"] == .bool(true),
      process: process)
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
