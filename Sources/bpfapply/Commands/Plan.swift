import ArgumentParser
import Planning
import Reconciling

struct PlanCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Shows what an apply would change, and why; changes nothing.")

  @Argument(help: ArgumentHelp("The manifest.", valueName: "M.yaml"))
  var manifest: String

  @Flag(help: "Also create the maps and load the programs for real, and let them go again.")
  var verify = false

  @Flag(help: "Exit 2 when there are changes.")
  var detailedExitcode = false

  @Option(
    help: ArgumentHelp(
      "Write the plan to this file (mode 0600); apply carries it out if it still holds.",
      valueName: "plan.json"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Plan for the host of this snapshot; needs no kernel and no privileges.",
      valueName: "snapshot.json"))
  var against: String?

  @Option(
    help: ArgumentHelp(
      "Check that a kernel with these types can load the programs: raw BTF (its "
        + "/sys/kernel/btf/vmlinux), or an ELF file with a .BTF section (its vmlinux). Usually "
        + "together with --against.", valueName: "FILE"))
  var btf: String?

  @Option(help: "How the plan is printed.")
  var output = PlanFormat.text

  @OptionGroup(title: "Guards") var guards: GuardOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { output == .json }

  func validate() throws {
    if verify, against != nil {
      throw ValidationError("--verify needs the kernel itself, and --against has a snapshot.")
    }
    if verify, btf != nil {
      throw ValidationError("--verify asks this kernel, and --btf is about another one.")
    }
  }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    let evaluation = try pipeline.evaluate(manifest)
    if let btf {
      try pipeline.checkPrograms(evaluation.desired, on: host.survey(typesIn: btf))
    }
    let options = guards.planOptions
    var kernel: K?
    let planned: Planned
    if let against {
      planned = try pipeline.plan(evaluation, options: options, against: against)
    } else {
      let live = try pipeline.kernel()
      try pipeline.checkPrivileges(toLookAt: evaluation.desired, changing: verify, with: live)
      planned = try pipeline.plan(evaluation, options: options, with: live)
      kernel = live
    }
    switch output {
    case .text: host.console.print(PlanText(planned.view, style: host.console.output).render())
    case .json: host.console.print(PlanJSON(planned.view).render())
    case .markdown: host.console.print(PlanMarkdown(planned.view).render())
    }
    guard planned.plan.isApplicable else { return .blocked }
    if verify, let kernel {
      let missing = try pipeline.missingPrivileges(
        for: planned.plan, of: planned.desired, with: kernel)
      if let missing { throw missing }
      try stage(planned, on: host, with: kernel)
    }
    if let out {
      let inputs = SavedPlan.Inputs(
        evaluation, options: options, bpffs: common.bpffsPath,
        bootID: planned.observed.host.bootID)
      try pipeline.write(PlanJSON(planned.view, inputs: inputs.json).render(), to: out)
      if output == .text {
        host.console.print("Saved: bpfapply apply \(visible(out)) carries out this plan.\n")
      }
    }
    return detailedExitcode && !planned.plan.isEmpty ? .changes : .done
  }

  /// What `nft -c` is to nft: everything that nobody can see is done, and let go.
  private func stage<K: Kernel>(
    _ planned: Planned, on host: Host<K>, with kernel: K
  ) throws(Failure) {
    let applier = Applier(kernel: kernel)
    let outcome = applier.stage(
      planned.plan, desired: planned.desired, observed: planned.observed)
    if var failure = outcome.failure {
      if let address = outcome.steps.first(where: { $0.status == .failed })?.step.address {
        failure.subject = address.description
      }
      throw Failure(failure)
    }
    guard output == .text else { return }
    let staged = outcome.steps.count { $0.status == .successful }
    host.console.print("Verified: \(counted(staged, "step")) staged and let go again.\n")
  }
}
