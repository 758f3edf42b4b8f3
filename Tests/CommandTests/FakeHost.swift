import ArgumentParser
import FakeKernel
import Planning
import Testing

@testable import bpfapply

/// A host in memory: a fake kernel, files, and a console that remembers.
final class FakeHost {
  let kernel = FakeKernel()
  var files: [String: String] = [:]
  /// Files that are no text.
  var objects: [String: [UInt8]] = [:]
  var environment: [String: String] = [:]
  /// What the person at the terminal types; nil = nobody is there.
  var answer: String?
  /// How standard output fails; 0 = it does not.
  var outputError: Int32 = 0
  private(set) var output = ""
  private(set) var errors = ""

  static let manifest = """
    apiVersion: bpfapply/v1
    name: edge
    maps:
      flows:
        type: hash
        key: u32
        value: {packets: u64}
        max_entries: 16
        entries:
          policy: exact
          items:
            - {key: 1, value: {packets: 10}}
            - {key: 2, value: {packets: 20}}
    pins:
      shared:
        map: flows
        path: /sys/fs/bpf/shared/flows
    """

  init(manifest: String = FakeHost.manifest) {
    files["edge.yaml"] = manifest
  }

  /// Runs a command line as the process would, and forgets the output of the one before.
  @discardableResult
  func run(_ arguments: String...) throws -> bpfapply.ExitStatus {
    output = ""
    errors = ""
    let command = try BPFApply.parseAsRoot(arguments)
    let hostCommand = try #require(command as? any HostCommand)
    return hostCommand.status(on: host)
  }

  var host: Host<FakeKernel> {
    Host(
      console: Console(
        isInteractive: answer != nil,
        write: { stream, text in
          if stream == .error {
            self.errors += text
          } else if self.outputError == 0 {
            self.output += text
          } else {
            return self.outputError
          }
          return 0
        },
        readAnswer: { self.answer }),
      read: { path throws(FileError) in
        if let bytes = self.objects[path] { return bytes }
        guard let text = self.files[path] else {
          throw FileError(code: "not-found", message: "there is no file \(path)")
        }
        return Array(text.utf8)
      },
      write: { text, path in self.files[path] = text },
      environment: environment, accounts: { Accounts(passwd: [], group: []) },
      kernel: { self.kernel })
  }

  var mutatingCalls: [String] { kernel.calls.filter(\.isMutating).map(\.name) }
}
