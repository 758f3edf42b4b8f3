public import BPFObject
internal import CBPF
internal import Glibc

extension PerfEvent {
  /// Opens the event of a place in the kernel's code, on all processes: a kprobe. The system call is
  /// perf_event_open(2); ENOENT if the kernel has no such function or allows no probe there.
  public static func kernelProbe(
    function: String, offset: UInt64, isReturn: Bool
  ) throws(KernelError) -> PerfEvent {
    let what = "\(isReturn ? "kretprobe" : "kprobe") of \(function)"
    return try probe("kprobe", target: function, offset, isReturn, process: -1, what)
  }

  /// Opens the event of a place in an executable file, in one process or (nil) in all: a uprobe.
  /// `offset` counts from the start of the file.
  public static func userProbe(
    path: String, offset: UInt64, isReturn: Bool, process: UInt32?
  ) throws(KernelError) -> PerfEvent {
    let what = "\(isReturn ? "uretprobe" : "uprobe") of \(path)+\(offset)"
    return try probe(
      "uprobe", target: path, offset, isReturn, process: process.map(Int32.init(clamping:)) ?? -1,
      what)
  }

  private static func probe(
    _ kind: String, target: String, _ offset: UInt64, _ isReturn: Bool, process: Int32,
    _ description: String
  ) throws(KernelError) -> PerfEvent {
    try withoutZeroByte(target, "perf_event_open")
    var attributes = cbpf_perf_event_attr()
    attributes.type = try ProbeKind.number(of: kind)
    attributes.size = UInt32(MemoryLayout<cbpf_perf_event_attr>.size)
    if isReturn { attributes.config = 1 << (try ProbeKind.returnBit(of: kind)) }
    attributes.config2 = offset
    return try withAddress(ofText: target) { address throws(KernelError) in
      attributes.config1 = address
      // Of one process on whatever CPU, or of all by way of any one CPU.
      return try open(&attributes, process: process, cpu: process < 0 ? 0 : -1, description)
    }
  }
}

/// The kinds of perf events that are probes, as sysfs describes them.
enum ProbeKind {
  private static func directory(_ kind: String) -> String {
    "/sys/bus/event_source/devices/\(kind)"
  }

  static func number(of kind: String) throws(KernelError) -> UInt32 {
    let path = directory(kind) + "/type"
    let text = try readText(path)
    guard let number = UInt32(text) else {
      throw KernelError("read", refused: "\"\(text)\" is no number", on: path)
    }
    return number
  }

  /// From a line like `config:0`.
  static func returnBit(of kind: String) throws(KernelError) -> UInt64 {
    let path = directory(kind) + "/format/retprobe"
    let text = try readText(path)
    guard let bit = text.split(separator: ":").last.flatMap({ UInt64($0) }), bit < 64 else {
      throw KernelError("read", refused: "\"\(text)\" names no bit", on: path)
    }
    return bit
  }

  /// Whether the kernel has the kind; nil if that cannot be told.
  static func exists(_ kind: String) throws(KernelError) -> Bool? {
    guard try isPath("/sys/bus/event_source/devices") else { return nil }
    return try isPath(directory(kind) + "/type")
  }
}

/// Whether there is anything at a path.
private func isPath(_ path: String) throws(KernelError) -> Bool {
  do throws(KernelError) {
    _ = try openFile(path, O_RDONLY)
    return true
  } catch {
    if error.errno == .noEntry { return false }
    throw error
  }
}

extension Feature {
  public static let kprobes = Feature("kprobes by perf events", since: .init(4, 17)) {
    () throws(KernelError) in try ProbeKind.exists("kprobe")
  }

  public static let uprobes = Feature("uprobes by perf events", since: .init(4, 17)) {
    () throws(KernelError) in try ProbeKind.exists("uprobe")
  }

  public static let kernelTypes = Feature("the kernel's types", since: .init(5, 4)) {
    () throws(KernelError) in
    guard try isPath("/sys/kernel") else { return nil }
    return try isPath("/sys/kernel/btf/vmlinux")
  }

  public static let cgroupIterators = Feature("iterators of cgroups", since: .init(6, 1)) {
    () throws(KernelError) in
    try vmlinux().map { $0.first(.function, named: "bpf_iter_cgroup") != nil }
  }

  public static let processIterators = Feature("iterators of one process", since: .init(6, 1)) {
    () throws(KernelError) in
    // What such a link is made with has a part for it.
    guard let types = try vmlinux(), let union = types.first(.union, named: "bpf_iter_link_info")
    else { return nil }
    return types.members(of: union).contains { $0.name == "task" }
  }

  /// nil when they cannot be understood.
  private static func vmlinux() throws(KernelError) -> BTF? {
    let bytes = try KernelBTF.vmlinux()
    return try? BTF(parsing: bytes, section: "/sys/kernel/btf/vmlinux", checksReferences: false)
  }

  /// Whether security hooks ask BPF programs: a program can be attached to them all the same.
  public static let lsm = Feature("BPF as a security module", since: .init(5, 7)) {
    () throws(KernelError) in
    // Without a mounted securityfs there is no telling.
    let path = "/sys/kernel/security/lsm"
    guard try isPath(path) else { return nil }
    return try readText(path).split(separator: ",").contains("bpf")
  }
}

/// The files in which uprobes are set.
public enum ExecutableFile {
  /// Where a library or program without a slash in its name is found: libraries (`libc.so.6`)
  /// where the loader looks by default, programs where a shell does. A path stays as it is.
  public static func path(of name: String) throws(KernelError) -> String {
    guard !name.contains("/") else { return name }
    #if arch(arm64)
      let triplet = "aarch64-linux-gnu"
    #else
      let triplet = "x86_64-linux-gnu"
    #endif
    let directories =
      name.contains(".so")
      ? ["/lib/\(triplet)", "/usr/lib/\(triplet)", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
      : ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    for directory in directories where try isPath("\(directory)/\(name)") {
      return "\(directory)/\(name)"
    }
    throw KernelError(
      "uprobe", refused: "it is in none of \(directories.joined(separator: ", "))", on: name,
      hint: "name it by its path")
  }

  /// Where in the file a function begins.
  public static func offset(
    of function: String, in path: String
  ) throws(KernelError) -> UInt64 {
    let bytes = try readFile(path)
    var found: UInt64?
    do throws(ObjectError) {
      found = try ExecutableSymbols.fileOffset(of: function, in: bytes)
    } catch {
      throw KernelError("uprobe", refused: error.message, on: path)
    }
    guard let found else {
      throw KernelError(
        "uprobe", refused: "it has no function \(function)", on: path,
        hint: "nm -D \(path) lists what can be named; elsewhere an offset says where")
    }
    return found
  }

  /// The functions whose names match any of some patterns, with where in the file each begins.
  public static func offsets(
    matching patterns: [String], in path: String
  ) throws(KernelError) -> [String: UInt64] {
    let bytes = try readFile(path)
    do throws(ObjectError) {
      return try ExecutableSymbols.fileOffsets(matching: patterns, in: bytes)
    } catch {
      throw KernelError("uprobe", refused: error.message, on: path)
    }
  }

  /// The places of all static probes (USDT) of the file.
  public static func staticProbes(of path: String) throws(KernelError) -> [StaticProbe] {
    let bytes = try readFile(path)
    do throws(ObjectError) {
      return try StaticProbe.all(in: bytes)
    } catch {
      throw KernelError("uprobe", refused: error.message, on: path)
    }
  }
}
