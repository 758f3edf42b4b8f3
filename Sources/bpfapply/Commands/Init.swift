import ArgumentParser
import Reconciling

struct InitCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Writes a manifest for an object file to standard output.",
    discussion: """
      The manifest is valid as it stands and loads all programs and maps of the object. What needs \
      a decision, such as the interface to attach to, is a comment that says so.
      """)

  @Argument(
    help: ArgumentHelp(
      "The object file; its path as given goes into the manifest, where it is relative to the "
        + "manifest.", valueName: "FILE.o"))
  var file: String

  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { false }

  var trustsFiles: Bool { true }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let draft = ManifestDraft(try host.inspect(file)) { text in
      host.firstProblem(of: text)
    }
    host.console.print(draft.render())
    return .done
  }
}
