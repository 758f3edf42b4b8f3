internal import CBPF
internal import Glibc

/// A file descriptor that this value owns: it is closed when the value ends.
///
/// Descriptors made by this library are close-on-exec and never 0, 1 or 2.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls that borrow the descriptor. It is valid as long as this value lives.
  public let rawValue: Int32

  /// Takes ownership of a descriptor that a call returned as a result or `-errno`.
  init(_ result: Int, _ call: String, on context: @autoclosure () -> String) throws(KernelError) {
    guard result >= 0, let number = Int32(exactly: result) else {
      throw KernelError(call, Errno(rawValue: Int32(truncatingIfNeeded: -result)), on: context())
    }
    self.rawValue = number
  }

  /// Takes ownership of a number that is known to be an open descriptor.
  init(owned number: Int32) { rawValue = number }

  /// Takes ownership of a descriptor that somebody else opened, e.g. one inherited over exec. It
  /// is moved away from 0 to 2. Throws if it is not open.
  public init(adopting number: Int32) throws(KernelError) {
    guard fcntl(number, F_GETFD) >= 0 else {
      throw KernelError("fcntl", .badDescriptor, on: "descriptor \(number)")
    }
    try self.init(cbpf_good_descriptor(Int(number)), "fcntl", on: "descriptor \(number)")
  }

  deinit { _ = Glibc.close(rawValue) }

  /// Another descriptor of the same open file (`fcntl(F_DUPFD_CLOEXEC)`).
  public func duplicate() throws(KernelError) -> FileDescriptor {
    try FileDescriptor(cbpf_duplicate(rawValue), "fcntl", on: "descriptor \(rawValue)")
  }

  /// Gives the number up without closing it: the caller has to.
  public consuming func release() -> Int32 {
    let number = rawValue
    discard self
    return number
  }
}

/// An open file that several values share; closed when the last lets go.
public final class OpenFile: Sendable {
  public let descriptor: FileDescriptor
  public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
