import ArgumentParser
import Planning
import Reconciling

struct DestroyCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "destroy",
    abstract: "Removes everything that a manifest owns.",
    discussion: """
      What it gave up (forget:) stays. What it adopted goes like all else; the pins that others made \
      stay, and with them the maps and programs behind them.
      """)

  @Argument(help: ArgumentHelp("The manifest, or its name alone.", valueName: "M.yaml|NAME"))
  var subject: Subject

  @OptionGroup(title: "Approval") var approval: ApprovalOptions
  @OptionGroup(title: "Guards") var guards: DestroyGuardOptions
  @OptionGroup var commit: CommitOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    try approval.check(canAsk: host.console.isInteractive)
    let owner = try pipeline.owner(of: subject)
    let change = Change(
      pipeline: pipeline, kernel: try pipeline.kernel(), commit: commit, approval: approval)
    let options = guards.planOptions
    let nothing = DesiredState(
      owner: owner, root: pipeline.root(of: owner), manifestPath: "", manifestDigest: "")
    return try change.run(
      nothing, question: "Destroy everything of \(owner)?", detailedExitcode: false
    ) { desired, observed in
      PlanView(destroying: desired, observed, options: options)
    }
  }
}
