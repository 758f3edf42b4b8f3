import ArgumentParser
import Planning
import Reconciling

struct DriftCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "drift",
    abstract: "Compares the kernel with what was last applied; exits 2 when they differ.",
    discussion: """
      Changes of a manifest that wait to be applied are a note and no drift. A manifest that was \
      not applied since the host was started is drift.
      """)

  @Argument(
    help: ArgumentHelp("Manifests, or their names alone.", valueName: "M.yaml|NAME"))
  var subjects: [Subject] = []

  @Flag(help: "All owners that have something applied on this host.")
  var all = false

  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  func validate() throws {
    if all, !subjects.isEmpty {
      throw ValidationError("--all goes without manifests and names.")
    }
    if !all, subjects.isEmpty {
      throw ValidationError("Give manifests or names, or --all.")
    }
  }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    // Files first: a mistake in one is told before anything is looked at.
    var evaluations: [Evaluation?] = []
    for subject in subjects {
      guard case .manifest(let path) = subject else {
        evaluations.append(nil)
        continue
      }
      evaluations.append(try pipeline.evaluate(path))
    }
    let kernel = try pipeline.kernel()
    var reports: [DriftReport] = []
    if all {
      let names = try pipeline.owners(with: kernel).names
      guard !names.isEmpty else {
        throw Failure(
          "nothing-applied", "nothing is applied on this host: there is no inventory on the bpffs",
          hints: [
            "name the manifests that should be applied",
            "--bpffs names another BPF filesystem than \(common.bpffsPath)",
          ])
      }
      for name in names { reports.append(try pipeline.drift(owner: name, with: kernel)) }
    }
    for (subject, evaluation) in zip(subjects, evaluations) {
      if let evaluation {
        reports.append(try pipeline.drift(evaluation, with: kernel))
      } else if case .owner(let name) = subject {
        reports.append(try pipeline.drift(owner: name, with: kernel))
      }
    }
    host.console.print(
      wantsJSON
        ? DriftJSON(reports).render() : DriftText(reports, style: host.console.output).render())
    return reports.contains(where: \.hasDrifted) ? .changes : .done
  }
}
