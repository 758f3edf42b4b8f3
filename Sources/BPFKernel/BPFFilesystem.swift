internal import CBPF
internal import Glibc

/// A mounted bpffs, in which pins keep maps, programs and links alive.
public final class BPFFilesystem: Sendable {
  /// The canonical path of the mount, e.g. `/sys/fs/bpf`.
  public let path: String
  /// The device number of the mount: another bpffs mounted over it has another one.
  public let device: UInt64
  /// The directory at the mount. Anybody may own it and write to it.
  public let root: PinDirectory

  /// Takes the bpffs that is mounted at a path; refuses what is not one.
  public init(at path: String = "/sys/fs/bpf") throws(KernelError) {
    let call = "bpffs"
    let descriptor = try openFile(path, O_RDONLY | O_DIRECTORY) {
      $0.hinting($0.errno == .noEntry ? Self.mountHint(path) : nil)
    }
    guard try filesystemType(descriptor.rawValue, on: path) == UInt32(CBPF_BPF_FS_MAGIC)
    else {
      throw KernelError(
        call, refused: "no bpffs is mounted there", on: path,
        hint: Self.mountHint(path))
    }
    let canonical = try pathOf(descriptor.rawValue)
    guard try MountPoint.all(ofType: "bpf").contains(where: { $0.path == canonical }) else {
      throw KernelError(
        call, refused: "the directory is inside a bpffs; name its mount point", on: path)
    }
    self.path = canonical
    self.device = UInt64(try fileStatus(descriptor.rawValue, on: path).st_dev)
    self.root = PinDirectory(descriptor, path: canonical, device: device)
  }

  /// The bpffs that a path leads into. The path need not exist, but the mount has to.
  public static func containing(_ path: String) throws(KernelError) -> BPFFilesystem {
    let mounts = try MountPoint.all(ofType: "bpf")
    let best = mounts.filter { path == $0.path || path.hasPrefix($0.path + "/") }
      .max { $0.path.utf8.count < $1.path.utf8.count }
    guard let best else {
      let known = mounts.map(\.path).sorted().joined(separator: ", ")
      throw KernelError(
        "bpffs", refused: "the path is not on a bpffs", on: path,
        hint: known.isEmpty ? mountHint("/sys/fs/bpf") : "a bpffs is mounted at \(known)")
    }
    let filesystem = try BPFFilesystem(at: best.path)
    return filesystem
  }

  /// The names between the mount and a path below it.
  public func components(of path: String) throws(KernelError) -> [String] {
    guard path.hasPrefix(self.path + "/") else {
      throw KernelError("bpffs", refused: "the path is not below \(self.path)", on: path)
    }
    let names = path.dropFirst(self.path.count + 1)
      .split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    for name in names { try PinDirectory.validate(name, in: path) }
    return names
  }

  /// The directory at these names below the mount. Each must be a directory of the effective user
  /// that others cannot write to, and no symlink; otherwise this refuses. With `creating`, missing
  /// ones are made with that mode.
  public func directory(
    _ names: [String], creating mode: UInt32? = nil
  ) throws(KernelError) -> PinDirectory {
    var current = root
    for name in names {
      if let mode { _ = try current.makeDirectory(name, mode: mode) }
      current = try current.directory(name)
    }
    return current
  }

  private static func mountHint(_ path: String) -> String {
    "mount one: mount -t bpf bpf \(path)"
  }
}
