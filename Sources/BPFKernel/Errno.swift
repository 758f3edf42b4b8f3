internal import CBPF

/// An error number of the kernel, with its symbol and its words.
public struct Errno: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static let notPermitted = Errno(rawValue: 1)  // EPERM
  public static let noEntry = Errno(rawValue: 2)  // ENOENT
  public static let noProcess = Errno(rawValue: 3)  // ESRCH
  public static let interrupted = Errno(rawValue: 4)  // EINTR
  public static let tooBig = Errno(rawValue: 7)  // E2BIG
  public static let badDescriptor = Errno(rawValue: 9)  // EBADF
  public static let again = Errno(rawValue: 11)  // EAGAIN
  public static let outOfMemory = Errno(rawValue: 12)  // ENOMEM
  public static let accessDenied = Errno(rawValue: 13)  // EACCES
  public static let busy = Errno(rawValue: 16)  // EBUSY
  public static let exists = Errno(rawValue: 17)  // EEXIST
  public static let noDevice = Errno(rawValue: 19)  // ENODEV
  public static let notDirectory = Errno(rawValue: 20)  // ENOTDIR
  public static let invalid = Errno(rawValue: 22)  // EINVAL
  public static let tooManyFiles = Errno(rawValue: 24)  // EMFILE
  public static let noSpace = Errno(rawValue: 28)  // ENOSPC
  public static let range = Errno(rawValue: 34)  // ERANGE
  public static let nameTooLong = Errno(rawValue: 36)  // ENAMETOOLONG
  public static let notEmpty = Errno(rawValue: 39)  // ENOTEMPTY
  public static let loop = Errno(rawValue: 40)  // ELOOP
  public static let noLink = Errno(rawValue: 67)  // ENOLINK
  public static let notSupported = Errno(rawValue: 95)  // EOPNOTSUPP
  public static let stale = Errno(rawValue: 116)  // ESTALE
  /// 524: the kernel's own ENOTSUPP, which leaks out of bpf(2) and which no C library knows.
  public static let notSupportedByKernel = Errno(rawValue: 524)

  /// The symbol, e.g. `EPERM`; `errno 999` for a number without one.
  public var name: String {
    if self == .notSupportedByKernel { return "ENOTSUPP" }
    let symbol = unsafe text { unsafe cbpf_errno_name(rawValue, $0, $1) }
    return symbol.isEmpty ? "errno \(rawValue)" : symbol
  }

  /// The meaning in words, e.g. `Operation not permitted`.
  public var words: String {
    if self == .notSupportedByKernel { return "Operation not supported by the kernel for this" }
    return unsafe text { unsafe cbpf_errno_words(rawValue, $0, $1) }
  }

  /// `Operation not permitted (EPERM)`.
  public var description: String { "\(words) (\(name))" }

  private func text(_ fill: (UnsafeMutablePointer<CChar>, UInt) -> Void) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    unsafe buffer.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { unsafe fill(base, UInt(buffer.count)) }
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
