import ArgumentParser
import Manifest

@main
struct BPFApply: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "bpfapply",
    abstract: "Makes the eBPF objects in a Linux kernel match a YAML manifest.",
    discussion: """
      Exit status: 0 done, 1 error, 2 changes (with --detailed-exitcode) or drift, 3 stale plan, \
      4 blocked, 5 lock timeout, 6 failed and rolled back, 7 partly applied or not verified, \
      8 declined, 64 usage.
      """,
    version: version,
    subcommands: [
      ValidateCommand.self, TestCommand.self, PlanCommand.self, ApplyCommand.self,
      DriftCommand.self,
      DestroyCommand.self, ConfirmCommand.self, RollbackCommand.self, WatchdogCommand.self,
      ShowCommand.self, SnapshotCommand.self,
      InspectCommand.self, InitCommand.self,
    ])

  static func main() {
    var command: any ParsableCommand
    do {
      command = try parseAsRoot()
    } catch {
      fail(error, arguments: CommandLine.arguments)
    }
    do {
      try command.run()
    } catch {
      exit(withError: error)
    }
  }

  /// Ends with what the argument parser says, as JSON where JSON was asked for.
  private static func fail(_ error: any Error, arguments: [String]) -> Never {
    let code = exitCode(for: error)
    guard code == .validationFailure, asksForJSON(arguments) else { exit(withError: error) }
    let failure = Failure(
      "usage", message(for: error), hints: ["bpfapply --help lists the commands"], status: .usage)
    Console.standard(colour: false).printError(DiagnosticJSON.json(failure).line + "\n")
    exit(withError: ExitCode(ExitStatus.usage.rawValue))
  }

  static func asksForJSON(_ arguments: [String]) -> Bool {
    arguments.contains("--output=json")
      || zip(arguments, arguments.dropFirst()).contains { $0 == "--output" && $1 == "json" }
  }
}
