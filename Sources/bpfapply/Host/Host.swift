import BPFObject
import FoundationEssentials
import Manifest
import Reconciling

/// What a command works on: a kernel, files, an environment and a console. The real ones, or a
/// test's.
struct Host<K: Kernel> {
  var console: Console
  /// The bytes of a file by its path.
  var read: (String) throws(FileError) -> [UInt8]
  /// Replaces a file whole, readable for its owner alone.
  var write: (String, String) throws(FileError) -> Void = { _, path throws(FileError) in
    throw FileError(code: "not-written", message: "\(path) cannot be written here")
  }
  var environment: [String: String]
  var accounts: () -> Accounts
  /// Opened when it is first needed: `validate` needs none, and no privileges.
  var kernel: () throws(KernelFailure) -> K
  /// How the running kernel makes its programs' tags; nil if that cannot be found out.
  var tagAlgorithm: () -> TagAlgorithm? = { nil }
  /// What files tell of the running kernel.
  var survey: () -> KernelSurvey = { KernelSurvey(problem: "there is no kernel to ask") }
}

extension Host {
  /// `BPFAPPLY_VAR_name` of the environment, by name without the prefix.
  var variables: [String: String] {
    let prefix = "BPFAPPLY_VAR_"
    var variables: [String: String] = [:]
    for (name, value) in environment where name.hasPrefix(prefix) {
      variables[String(name.dropFirst(prefix.count))] = value
    }
    return variables
  }

  /// The text of a file that a diagnostic names, if it can still be read.
  func source(_ path: String) -> SourceText? {
    guard let bytes = try? read(path) else { return nil }
    return SourceText(file: path, bytes: bytes)
  }
}
