internal import Glibc

/// An exclusive lock on a file or directory (flock(2)). The kernel releases it when the holder
/// dies, and this value when it ends.
///
/// A forked child keeps its parent's lock until it executes something else.
public final class FileLock: Sendable {
  private let descriptor: FileDescriptor
  public let path: String

  private init(_ descriptor: consuming FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Why there is no lock.
  public enum Failure: Error, Hashable, Sendable {
    /// Somebody else held it all the time. The process id is nil where the kernel does not tell.
    case held(by: Int32?, path: String)
    case kernel(KernelError)
  }

  /// Locks a directory of a bpffs.
  public static func acquire(
    _ directory: PinDirectory, timeout: Duration = .zero
  ) throws(Failure) -> FileLock {
    try acquire(
      path: directory.path, timeout: timeout, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  }

  /// Locks a file, which is made (mode 0600) if it is not there.
  public static func acquire(
    file path: String, timeout: Duration = .zero
  ) throws(Failure) -> FileLock {
    try acquire(path: path, timeout: timeout, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
  }

  /// Tries until the lock is there or the time is over. After locking, the path must still lead
  /// to what was locked: it may have been removed and made again meanwhile.
  private static func acquire(
    path: String, timeout: Duration, flags: Int32
  ) throws(Failure) -> FileLock {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout
    var pause = Duration.milliseconds(2)
    while true {
      do throws(KernelError) {
        let descriptor = try openFile(path, flags, mode: 0o600)
        if try lock(descriptor.rawValue, path), try isSame(descriptor.rawValue, path, flags) {
          return FileLock(descriptor, path: path)
        }
      } catch {
        throw .kernel(error)
      }
      if clock.now >= deadline { throw .held(by: holder(path), path: path) }
      rest(for: min(pause, deadline - clock.now))
      pause = min(pause * 2, .milliseconds(100))
    }
  }

  private static func lock(_ descriptor: Int32, _ path: String) throws(KernelError) -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) < 0 {
      let code = errno
      if code == EWOULDBLOCK { return false }
      if code != EINTR { throw KernelError("flock", Errno(rawValue: code), on: path) }
    }
    return true
  }

  private static func isSame(
    _ descriptor: Int32, _ path: String, _ flags: Int32
  ) throws(KernelError) -> Bool {
    let locked = try fileStatus(descriptor, on: path)
    var there = stat()
    guard unsafe lstat(path, &there) == 0 else { return false }
    return there.st_ino == locked.st_ino && there.st_dev == locked.st_dev
  }

  /// The process that holds the lock, from /proc/locks: lines of
  /// `1: FLOCK ADVISORY WRITE pid major:minor:inode start end`.
  static func holder(_ path: String) -> Int32? {
    var facts = stat()
    guard unsafe lstat(path, &facts) == 0, let text = try? readFile("/proc/locks") else {
      return nil
    }
    let inode = String(facts.st_ino)
    let device = UInt64(facts.st_dev)
    // The dev_t of stat(2): major in bits 8–19 and 32–63, minor in bits 0–7 and 20–31.
    let major = (device >> 8 & 0xfff) | (device >> 32 & ~0xfff)
    let minor = (device & 0xff) | (device >> 12 & 0xffff_ff00)
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard fields.count >= 6, fields[1] == "FLOCK", let pid = Int32(fields[4]), pid > 0 else {
        continue
      }
      let place = fields[5].split(separator: ":")
      guard place.count == 3, place[2] == inode, UInt64(place[0], radix: 16) == major,
        UInt64(place[1], radix: 16) == minor
      else { continue }
      return pid
    }
    return nil
  }
}

extension FileLock.Failure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .held(let process?, let path): "\(path) is locked by process \(process)"
    case .held(nil, let path): "\(path) is locked by another process"
    case .kernel(let error): "\(error)"
    }
  }
}
