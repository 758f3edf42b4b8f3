import ArgumentParser
import Planning
import Reconciling

struct ApplyCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Makes the kernel match a manifest, or carries out a saved plan.",
    discussion: """
      Shows the plan and asks; where nobody can answer, --auto-approve or --expect-fingerprint has \
      to be given. A plan that plan --out has written is approved: everything is read and planned \
      again, and if that gives another plan, nothing is done (exit 3).
      """)

  @Argument(help: ArgumentHelp("The manifest, or a saved plan.", valueName: "M.yaml|plan.json"))
  var manifest: String

  @Flag(help: "Exit 2 when something was changed.")
  var detailedExitcode = false

  @Option(
    help: ArgumentHelp(
      "Take the change back by itself unless bpfapply confirm keeps it within this time, counted "
        + "from its first visible step: 90, 90s, 2m, 1h.", valueName: "time"))
  var confirmTimeout: TimeSpan?

  @OptionGroup(title: "Approval") var approval: ApprovalOptions
  @OptionGroup(title: "Guards") var guards: GuardOptions
  @OptionGroup var commit: CommitOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    var pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    let saved = try pipeline.savedPlan(at: manifest)
    if saved == nil { try approval.check(canAsk: host.console.isInteractive) }
    if let saved { try saved.take(over: &pipeline, guards: guards.planOptions) }
    let evaluation = try pipeline.evaluate(saved?.inputs.manifest.path ?? manifest)
    if let saved { try saved.check(evaluation) }
    let change = Change(
      pipeline: pipeline, kernel: try pipeline.kernel(), commit: commit, approval: approval,
      saved: saved, confirmTimeout: confirmTimeout)
    let options = saved?.inputs.options ?? guards.planOptions
    return try change.run(
      evaluation.desired, question: "Apply these changes?", detailedExitcode: detailedExitcode
    ) { desired, observed in
      PlanView(evaluation.path, desired, observed, options: options)
    }
  }
}
