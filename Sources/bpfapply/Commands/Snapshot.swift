import ArgumentParser
import FoundationEssentials
import Planning
import Reconciling

struct SnapshotCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Writes what is on this host, for plan --against on another.",
    discussion: """
      For manifests, all that planning them takes; for names, what was applied of them; without \
      either, that of all owners. Entries stand in it for maps that declare some, and never those of \
      sensitive maps.
      """)

  @Argument(help: ArgumentHelp("Manifests, or their names alone.", valueName: "M.yaml|NAME"))
  var subjects: [Subject] = []

  @Option(help: ArgumentHelp("Write to this file (mode 0600), not to standard output."))
  var out: String?

  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { false }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: false)
    var scopes: [ObservationScope] = []
    for subject in subjects {
      switch subject {
      case .manifest(let path):
        scopes.append(ObservationScope(desired: try pipeline.evaluate(path).desired))
      case .owner(let name):
        let owner = try pipeline.owner(of: .owner(name))
        scopes.append(ObservationScope(owner: owner, root: pipeline.root(of: owner)))
      }
    }
    let kernel = try pipeline.kernel()
    if subjects.isEmpty {
      scopes = try pipeline.owners(with: kernel).names.map {
        ObservationScope(owner: $0, root: pipeline.root(of: $0))
      }
    }
    var snapshot = Snapshot(
      time: Int64(Date().timeIntervalSince1970), bpffs: common.bpffsPath, owners: [:])
    for scope in scopes {
      let state = try pipeline.observe(scope, with: kernel)
      let declared = (scope.desired?.maps ?? []).filter(\.sensitive).map { Address.map($0.ref) }
      snapshot.owners[scope.owner] = state.without(
        contentsOf: state.sensitiveMaps.union(declared), root: scope.root, owner: scope.owner)
    }
    let text = try snapshot.render()
    guard let out else {
      host.console.print(text)
      return .done
    }
    try pipeline.write(text, to: out)
    host.console.print("Written to \(visible(out)).\n")
    return .done
  }
}
