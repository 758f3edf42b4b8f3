import Glibc
import Manifest
import Planning
import Reconciling

/// What a manifest asks for, and what is needed to talk about it.
struct Evaluation {
  var desired: DesiredState
  /// The manifest's path as it was given.
  var path: String
  var variables: [Manifest.Variable] = []
  /// The files of entries: path → SHA-256.
  var dataFiles: [String: String] = [:]
}

extension Pipeline {
  /// Reads a manifest and the files that it names. Needs no kernel and no privileges.
  func evaluate(_ path: String) throws(Failure) -> Evaluation {
    let manifest = try manifest(path)
    do throws(ManifestError) {
      let resolution = try manifest.resolve(
        files: HostFiles(read: host.read), accounts: HostAccounts(accounts: host.accounts),
        bpffs: common.bpffsPath)
      host.report(
        warnings: resolution.warnings.filter { !manifest.warnings.contains($0) }, json: json)
      return Evaluation(
        desired: resolution.state, path: path, variables: manifest.variables,
        dataFiles: resolution.entryFiles)
    } catch {
      throw Failure(error)
    }
  }
}

/// The host's files, for the manifest's module, which reads none itself.
private struct HostFiles: FileReader {
  var read: (String) throws(FileError) -> [UInt8]

  func read(_ path: String) throws(Diagnostic) -> [UInt8] {
    do throws(FileError) { return try read(path) } catch { throw error.diagnostic }
  }
}

/// The host's accounts, read when a manifest first names one.
private final class HostAccounts: AccountNames {
  private lazy var accounts = load()
  private let load: () -> Accounts

  init(accounts: @escaping () -> Accounts) { load = accounts }

  func user(_ name: String) -> UInt32? { accounts.user(name) }
  func group(_ name: String) -> UInt32? { accounts.group(name) }
  var effective: (user: UInt32, group: UInt32) { (geteuid(), getegid()) }
}

extension Host {
  /// What is wrong with the text of a manifest; nil when it and the files that it names are right.
  func firstProblem(of text: String) -> String? {
    do throws(ManifestError) {
      let manifest = try Manifest.parse(
        Array(text.utf8), file: "manifest", variables: VariableInputs())
      _ = try manifest.resolve(
        files: HostFiles(read: read), accounts: HostAccounts(accounts: accounts))
      return nil
    } catch {
      return error.diagnostics.first?.message ?? "it is refused"
    }
  }
}
