internal import BPFKernel

extension KernelFailure {
  /// What went wrong in a system call, in the words of the layer above; `subject` replaces the
  /// call's own context where the caller knows an address.
  init(_ error: KernelError, subject: String? = nil) {
    let message: String
    switch error.problem {
    case .errno(let number): message = number.description
    case .refused(let reason): message = reason
    }
    let about =
      switch (subject, error.context) {
      case (nil, let context): context
      case (let subject?, ""): subject
      case (let subject?, let context): subject == context ? subject : "\(subject): \(context)"
      }
    self.init(
      operation: error.call, subject: about, errorNumber: error.errno?.rawValue, message: message,
      hints: error.hint.map { [$0] } ?? [])
    // A call that was refused outright, for want of a capability, leaves the log empty.
    verifierLog = error.verifierLog.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Whether a system call failed with that number.
  func isErrno(_ number: Errno) -> Bool { errorNumber == number.rawValue }
}

/// Runs calls of the kernel library; their errors become failures of this layer.
func wrap<Result: ~Copyable>(
  about subject: String? = nil, _ body: () throws(KernelError) -> Result
) throws(KernelFailure) -> Result {
  do throws(KernelError) {
    return try body()
  } catch {
    throw KernelFailure(error, subject: subject)
  }
}
