import Glibc
import Testing

/// A private corner of the kernel for one test: mount and network namespaces of its own, a fresh
/// bpffs at /sys/fs/bpf, the loopback up.
///
/// Namespaces belong to a thread: enter from the body of an exit test, and never `await` there.
public enum Sandbox {
  /// What keeps kernel tests from running here; nil if nothing does.
  public static let obstacle: String? = {
    guard geteuid() == 0 else { return "kernel tests need root" }
    guard access("/sys/kernel/btf/vmlinux", R_OK) == 0 else {
      return "kernel tests need a kernel with BPF and BTF (/sys/kernel/btf/vmlinux)"
    }
    return nil
  }()

  public static var isAvailable: Bool { obstacle == nil }

  /// In CI a skipped kernel test would go unnoticed, so there it runs, and fails.
  public static let isRequired: Bool = getenv("CI").map { String(cString: $0) } == "true"

  /// Moves the calling thread into the sandbox.
  public static func enter() throws(SandboxError) {
    if let obstacle { throw SandboxError(obstacle) }
    try unshare(mountNamespace | networkNamespace)
    try mount(nil, at: "/", type: nil, flags: UInt(MS_REC) | UInt(MS_PRIVATE))
    try mount("bpf", at: "/sys/fs/bpf", type: "bpf")
    try run(["ip", "link", "set", "lo", "up"]).succeeded()
  }

  /// Mounts a tracefs at /sys/kernel/tracing, inside the sandbox.
  public static func mountTracefs() throws(SandboxError) {
    try mount("tracefs", at: "/sys/kernel/tracing", type: "tracefs")
  }

  /// Mounts a file system, inside the sandbox.
  public static func mount(
    _ source: String?, at path: String, type: String?, flags: UInt = 0
  ) throws(SandboxError) {
    guard Glibc.mount(source ?? "none", path, type, flags, nil) == 0 else {
      throw SandboxError("mount of \(type ?? "flags") at \(path): \(lastError())")
    }
  }

  /// Makes a pair of connected interfaces, both up.
  public static func makeVethPair(_ one: String, _ other: String) throws(SandboxError) {
    try run(["ip", "link", "add", one, "type", "veth", "peer", "name", other]).succeeded()
    try run(["ip", "link", "set", one, "up"]).succeeded()
    try run(["ip", "link", "set", other, "up"]).succeeded()
  }

  /// The numbers of the descriptors that this process has open.
  public static func openDescriptors() -> Set<Int32> {
    guard let directory = opendir("/proc/self/fd") else { return [] }
    defer { closedir(directory) }
    var open: Set<Int32> = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = Int32(name), number != dirfd(directory) { open.insert(number) }
    }
    return open
  }

  private static let mountNamespace: Int32 = 0x0002_0000
  private static let networkNamespace: Int32 = 0x4000_0000

  /// The C library hides unshare(2) behind a macro that Swift does not set.
  private static func unshare(_ kinds: Int32) throws(SandboxError) {
    guard let symbol = dlsym(nil, "unshare") else { throw SandboxError("no unshare(2)") }
    let call = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
    guard call(kinds) == 0 else { throw SandboxError("unshare: \(lastError())") }
  }

  static func lastError() -> String { String(cString: strerror(errno)) }
}

/// Why a sandbox could not be made, or a command in it failed.
public struct SandboxError: Error, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Runs the body of an exit test in a sandbox: what it throws, and descriptors that it leaves open,
/// are failures of the test.
public func sandboxed(
  _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) {
  do {
    try Sandbox.enter()
    let before = Sandbox.openDescriptors()
    try body()
    let left = Sandbox.openDescriptors().subtracting(before).sorted()
      .map { "\($0) (\(Sandbox.destination(of: $0)))" }
      .filter { text in !Sandbox.runtimeDescriptors.contains { text.hasSuffix($0) } }
    if !left.isEmpty {
      Issue.record(
        "descriptors were left open: \(left.joined(separator: ", "))",
        sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record("\(error)", sourceLocation: sourceLocation)
  }
}

extension Sandbox {
  /// What Swift's own threads open whenever they like.
  static let runtimeDescriptors = [
    "(anon_inode:[timerfd])", "(anon_inode:[eventpoll])", "(anon_inode:[eventfd])",
  ]

  static func destination(of descriptor: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
    return String(
      decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
