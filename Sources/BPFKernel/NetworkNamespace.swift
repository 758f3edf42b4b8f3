internal import CBPF
internal import Glibc

/// A network namespace, kept alive by a descriptor.
public final class NetworkNamespace: Sendable, CustomStringConvertible {
  public let descriptor: FileDescriptor
  /// Its name or path; nil for the calling thread's own.
  public let name: String?
  /// What link info reports, and what tells namespaces apart.
  public let inode: UInt64

  private static let kind = Int32(CBPF_CLONE_NEWNET)
  private static let filesystem: UInt32 = 0x6e73_6673  // NSFS_MAGIC

  private init(path: String, name: String?) throws(KernelError) {
    let label = name.map { "network namespace \($0)" } ?? "the network namespace"
    let descriptor = try openFile(path, O_RDONLY) {
      KernelError("openat", $0.errno ?? .noEntry, on: "\(label) (\(path))")
    }
    guard try filesystemType(descriptor.rawValue, on: label) == Self.filesystem else {
      throw KernelError("netns", refused: "\(path) is no namespace", on: label)
    }
    self.inode = UInt64(try fileStatus(descriptor.rawValue, on: label).st_ino)
    self.name = name
    self.descriptor = descriptor
  }

  /// That of the calling thread.
  public static func current() throws(KernelError) -> NetworkNamespace {
    try NetworkNamespace(path: "/proc/thread-self/ns/net", name: nil)
  }

  /// By a name that `ip netns` knows (in /run/netns or /var/run/netns), or by a path.
  public convenience init(_ name: String) throws(KernelError) {
    if name.hasPrefix("/") {
      try self.init(path: name, name: name)
      return
    }
    guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")) else {
      throw KernelError("netns", refused: "it is neither a name nor an absolute path", on: name)
    }
    for directory in ["/run/netns", "/var/run/netns"] {
      do throws(KernelError) {
        try self.init(path: "\(directory)/\(name)", name: name)
        return
      } catch {
        guard error.errno == .noEntry else { throw error }
      }
    }
    throw KernelError("openat", .noEntry, on: "network namespace \(name) (/run/netns/\(name))")
      .hinting("ip netns list shows those that have a name")
  }

  /// Runs `body` with the calling thread in this namespace (setns(2), which needs CAP_SYS_ADMIN),
  /// and puts the thread back. If it cannot be put back the process ends, for anything done
  /// afterwards would be done to the wrong namespace.
  public func run<Result: ~Copyable>(
    _ body: () throws(KernelError) -> Result
  ) throws(KernelError) -> Result {
    let own = try NetworkNamespace.current()
    if own.inode == inode { return try body() }
    try check(
      cbpf_setns(descriptor.rawValue, Self.kind), "setns", on: description)
    defer {
      if cbpf_setns(own.descriptor.rawValue, Self.kind) < 0 { abort() }
    }
    return try body()
  }

  public var description: String { name.map { "network namespace \($0)" } ?? "this namespace" }
}
