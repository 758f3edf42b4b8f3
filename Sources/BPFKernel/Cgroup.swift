internal import CBPF
internal import Glibc

/// A directory of the cgroup2 hierarchy.
public final class Cgroup: Sendable {
  public let descriptor: FileDescriptor
  /// Below the root of the hierarchy: `/`, `/system.slice/ssh.service`.
  public let path: String
  /// The 64-bit id that link info and programs report.
  public let id: UInt64

  private init(_ descriptor: consuming FileDescriptor, path: String) throws(KernelError) {
    var id: UInt64 = 0
    try check(
      unsafe cbpf_cgroup_id(descriptor.rawValue, &id), "name_to_handle_at", on: "cgroup \(path)")
    self.id = id
    self.path = path
    self.descriptor = descriptor
  }

  /// Opens a cgroup by its path below the root of the hierarchy (`/` or empty is the root).
  public convenience init(_ path: String) throws(KernelError) {
    let names = path.split(separator: "/", omittingEmptySubsequences: true)
    let clean = "/" + names.joined(separator: "/")
    guard !names.contains("..") else {
      throw KernelError("cgroup", refused: "the path leads upwards", on: path)
    }
    let mount = try Self.mountPath()
    let descriptor = try openFile(mount + clean, O_RDONLY | O_DIRECTORY) {
      KernelError("openat", $0.errno ?? .noEntry, on: "cgroup \(clean) (in \(mount))")
    }
    guard
      try filesystemType(descriptor.rawValue, on: clean)
        == UInt32(CBPF_CGROUP2_SUPER_MAGIC)
    else {
      throw KernelError("cgroup", refused: "the directory is no cgroup2", on: mount + clean)
    }
    try self.init(descriptor, path: clean)
  }

  /// Opens the cgroup with that id; it needs CAP_DAC_READ_SEARCH. ESTALE when it is gone. The
  /// system call is open_by_handle_at(2).
  public convenience init(id: UInt64) throws(KernelError) {
    let mount = try Self.mountPath()
    let root = try openFile(mount, O_RDONLY | O_DIRECTORY)
    let descriptor = try FileDescriptor(
      cbpf_open_cgroup(root.rawValue, id, O_RDONLY | O_DIRECTORY), "open_by_handle_at",
      on: "cgroup id \(id)")
    let path = try pathOf(descriptor.rawValue)
    let below = path.hasPrefix(mount) ? String(path.dropFirst(mount.count)) : path
    try self.init(descriptor, path: below.isEmpty ? "/" : below)
  }

  /// Where the cgroup2 hierarchy is mounted, e.g. `/sys/fs/cgroup`.
  public static func mountPath() throws(KernelError) -> String {
    guard let mount = try MountPoint.all(ofType: "cgroup2").first else {
      throw KernelError(
        "cgroup", refused: "no cgroup2 hierarchy is mounted", on: "/sys/fs/cgroup",
        hint: "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
    }
    return mount.path
  }
}
