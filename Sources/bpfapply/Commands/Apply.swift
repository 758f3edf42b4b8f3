import ArgumentParser
import Planning
import Reconciling

struct ApplyCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Makes the kernel match a manifest.",
    discussion: """
      Shows the plan and asks; where nobody can answer, --auto-approve or --expect-fingerprint has \
      to be given.
      """)

  @Argument(help: ArgumentHelp("The manifest.", valueName: "M.yaml"))
  var manifest: String

  @Flag(help: "Exit 2 when something was changed.")
  var detailedExitcode = false

  @OptionGroup(title: "Approval") var approval: ApprovalOptions
  @OptionGroup(title: "Guards") var guards: GuardOptions
  @OptionGroup var commit: CommitOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    try approval.check(canAsk: host.console.isInteractive)
    let evaluation = try pipeline.evaluate(manifest)
    let change = Change(
      pipeline: pipeline, kernel: try pipeline.kernel(), commit: commit, approval: approval)
    let options = guards.planOptions
    return try change.run(
      evaluation.desired, question: "Apply these changes?", detailedExitcode: detailedExitcode
    ) { desired, observed in
      PlanView(evaluation.path, desired, observed, options: options)
    }
  }
}
