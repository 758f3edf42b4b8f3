internal import CBPF
internal import Glibc

/// An open directory of a bpffs. Everything in it is reached relative to its descriptor, so that
/// nobody can redirect a path meanwhile.
public final class PinDirectory: Sendable {
  public let path: String
  public let device: UInt64
  let descriptor: FileDescriptor

  init(_ descriptor: consuming FileDescriptor, path: String, device: UInt64) {
    self.descriptor = descriptor
    self.path = path
    self.device = device
  }

  /// Opens a directory in this one. Refuses symlinks, other file systems, and directories that
  /// the effective user does not own or that others can write to.
  public func directory(_ name: String) throws(KernelError) -> PinDirectory {
    let child = try directoryUnchecked(name)
    let facts = try fileStatus(child.descriptor.rawValue, on: child.path)
    let user = geteuid()
    guard facts.st_uid == user else {
      throw untrusted(child.path, "it belongs to user \(facts.st_uid), not to \(user)")
    }
    guard facts.st_mode & 0o022 == 0 else {
      throw untrusted(
        child.path, "others can write to it (mode \(octal(facts.st_mode & 0o7777)))")
    }
    return child
  }

  /// The same without the check of owner and mode, for reading what others pinned.
  func directoryUnchecked(_ name: String) throws(KernelError) -> PinDirectory {
    let path = try child(name)
    let opened = try openFile(
      name, at: descriptor.rawValue, O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    ) { error in
      // O_DIRECTORY with O_NOFOLLOW answers ENOTDIR for a symlink as well.
      if error.errno == .notDirectory || error.errno == .loop {
        let isLink = try? self.status(name)?.kind == .symlink
        return untrusted(path, isLink == true ? "it is a symlink" : "it is no directory")
      }
      return KernelError("openat", error.errno ?? .invalid, on: path)
    }
    let facts = try fileStatus(opened.rawValue, on: path)
    guard UInt64(facts.st_dev) == device else {
      throw untrusted(path, "another file system is mounted there")
    }
    return PinDirectory(opened, path: path, device: device)
  }

  /// Makes a directory in this one; false if there is something of that name already.
  public func makeDirectory(_ name: String, mode: UInt32 = 0o700) throws(KernelError) -> Bool {
    let path = try child(name)
    if try status(name) != nil { return false }
    if unsafe mkdirat(descriptor.rawValue, name, mode) < 0 {
      let code = Errno(rawValue: errno)
      if code == .exists { return false }
      throw KernelError("mkdirat", code, on: path)
    }
    return true
  }

  /// Removes an empty directory in this one; false if it is not empty or not there.
  @discardableResult
  public func removeDirectory(_ name: String) throws(KernelError) -> Bool {
    try remove(name, flags: AT_REMOVEDIR, tolerated: [.noEntry, .notEmpty])
  }

  /// Removes a pin; false if it is not there. The object lives on while something else holds it.
  @discardableResult
  public func remove(_ name: String) throws(KernelError) -> Bool {
    try remove(name, flags: 0, tolerated: [.noEntry])
  }

  private func remove(
    _ name: String, flags: Int32, tolerated: [Errno]
  ) throws(KernelError) -> Bool {
    let path = try child(name)
    if unsafe unlinkat(descriptor.rawValue, name, flags) < 0 {
      let code = Errno(rawValue: errno)
      if tolerated.contains(code) { return false }
      throw KernelError(flags == 0 ? "unlinkat" : "rmdir", code, on: path)
    }
    return true
  }

  /// Renames a pin or directory, also over a pin that is there, atomically (rename(2)).
  public func rename(
    _ name: String, to directory: PinDirectory, _ newName: String
  ) throws(KernelError) {
    try rename(name, to: directory, newName, flags: 0)
  }

  /// The same, but EEXIST if something of that name is there (`RENAME_NOREPLACE`).
  public func renameExclusively(
    _ name: String, to directory: PinDirectory, _ newName: String
  ) throws(KernelError) {
    try rename(name, to: directory, newName, flags: UInt32(CBPF_RENAME_NOREPLACE))
  }

  /// Swaps two pins or directories, atomically (`RENAME_EXCHANGE`).
  public func exchange(
    _ name: String, with directory: PinDirectory, _ otherName: String
  ) throws(KernelError) {
    try rename(name, to: directory, otherName, flags: UInt32(CBPF_RENAME_EXCHANGE))
  }

  private func rename(
    _ name: String, to directory: PinDirectory, _ newName: String, flags: UInt32
  ) throws(KernelError) {
    let from = try child(name)
    let to = try directory.child(newName)
    try check(
      unsafe cbpf_renameat2(
        descriptor.rawValue, name, directory.descriptor.rawValue, newName, flags),
      "rename", on: "\(from) to \(to)")
  }

  /// The path of a name in this directory. Throws if no pin can have that name.
  func child(_ name: String) throws(KernelError) -> String {
    try Self.validate(name, in: path)
    return "\(path)/\(name)"
  }

  /// Names that a bpffs does not take.
  static func validate(_ name: String, in path: String) throws(KernelError) {
    let reason: String? =
      if name.isEmpty {
        "a name is empty"
      } else if name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) {
        "the name \"\(name)\" has a slash or zero byte in it"
      } else if name.utf8.contains(UInt8(ascii: ".")) {
        "the name \"\(name)\" has a dot in it, and a bpffs keeps such names for the kernel"
      } else if name.utf8.count > 255 {
        "a name is longer than 255 bytes"
      } else {
        nil
      }
    if let reason { throw KernelError("pin", refused: reason, on: path) }
  }

  private func untrusted(_ path: String, _ reason: String) -> KernelError {
    KernelError(
      "pin", refused: "the directory is not to be trusted: \(reason)", on: path,
      hint: "who can write to it can replace what is pinned there; remove it, or use another "
        + "bpffs")
  }
}

/// An octal number as chmod(1) takes it.
func octal(_ mode: UInt32) -> String {
  let digits = String(mode, radix: 8)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
