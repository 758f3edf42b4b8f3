/// What went wrong between this process and the kernel: which call, to what, why, and what is
/// likely to help.
public struct KernelError: Error, Hashable, Sendable {
  public enum Problem: Hashable, Sendable {
    /// The kernel answered with this error number.
    case errno(Errno)
    /// The call was not made, or its answer not trusted, for this reason.
    case refused(String)
  }

  /// The call: a bpf(2) command (`BPF_MAP_CREATE`) or another system call (`rename`).
  public var call: String
  /// What the call was done to, e.g. `map blocklist` or a path; may be empty.
  public var context: String
  /// The error number, if the kernel gave one.
  public private(set) var errno: Errno?
  private var refusal: String
  /// The likely cause and what to do about it, where one is known.
  public var hint: String?
  /// What the verifier wrote, for a refused program or BTF.
  public var verifierLog: String?

  /// An error number of a call; the hint is looked up.
  public init(_ call: String, _ errno: Errno, on context: String, verifierLog: String? = nil) {
    self.call = call
    self.context = context
    self.errno = errno
    self.refusal = ""
    self.verifierLog = verifierLog
    self.hint = Hint.text(call: call, errno: errno, verifierLog: verifierLog)
  }

  /// A refusal by this library.
  public init(_ call: String, refused reason: String, on context: String, hint: String? = nil) {
    self.call = call
    self.context = context
    self.errno = nil
    self.refusal = reason
    self.hint = hint
    self.verifierLog = nil
  }

  /// What went wrong.
  public var problem: Problem {
    if let errno { .errno(errno) } else { .refused(refusal) }
  }

  /// The same error with another hint.
  func hinting(_ hint: String?) -> KernelError {
    var copy = self
    if let hint { copy.hint = hint }
    return copy
  }
}

extension KernelError: CustomStringConvertible {
  /// One line: `BPF_MAP_CREATE of map flows: Operation not permitted (EPERM)`, then the hint on
  /// a line of its own, then the last lines of the verifier's log.
  public var description: String {
    var text = summary
    if let hint { text += "\nhint: " + hint }
    if let verifierLog, !verifierLog.isEmpty {
      let lines = verifierLog.split(separator: "\n", omittingEmptySubsequences: true)
      let shown = lines.suffix(12)
      text += "\nverifier log"
      text += lines.count > shown.count ? " (last \(shown.count) of \(lines.count) lines):" : ":"
      for line in shown { text += "\n  " + line }
    }
    return text
  }

  /// The first line of the description.
  public var summary: String {
    let what = context.isEmpty ? call : "\(call) of \(context)"
    switch problem {
    case .errno(let number): return "\(what): \(number)"
    case .refused(let reason): return "\(what): \(reason)"
    }
  }
}
