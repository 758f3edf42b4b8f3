internal import CBPF
internal import Glibc

/// `/run/bpfapply`: what belongs to this boot and to no bpffs.
public enum RunDirectory {
  private static let path = "/run/bpfapply"

  /// The path of a file in it. The directory is made (0700) if it is missing, and refused when it is
  /// not the effective user's own.
  public static func path(of name: String) throws(KernelError) -> String {
    // Looked at first, so that a run with nothing to do makes no call that changes something.
    if unsafe access(path, F_OK) < 0, unsafe mkdir(path, 0o700) < 0, errno != EEXIST {
      throw KernelError("mkdir", Errno(rawValue: errno), on: path)
    }
    let directory = try openFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    let facts = try fileStatus(directory.rawValue, on: path)
    guard facts.st_uid == geteuid(), facts.st_mode & 0o022 == 0 else {
      throw KernelError(
        "mkdir", refused: "it belongs to somebody else, or others can write to it", on: path)
    }
    return "\(path)/\(name)"
  }

  /// Makes or removes an empty file in it.
  public static func mark(_ name: String, _ isThere: Bool) throws(KernelError) {
    let path = try path(of: name)
    if isThere {
      _ = try openFile(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
    } else if unsafe unlink(path) < 0, errno != ENOENT {
      throw KernelError("unlink", Errno(rawValue: errno), on: path)
    }
  }

  public static func isMarked(_ name: String) -> Bool {
    unsafe access("\(path)/\(name)", F_OK) == 0
  }
}
