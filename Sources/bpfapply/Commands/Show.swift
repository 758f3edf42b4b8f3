import ArgumentParser
import Planning
import Reconciling

struct ShowCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Lists what is loaded on the host by owner: managed, foreign, orphaned.")

  @Argument(
    help: ArgumentHelp(
      "Only what is this manifest's or this owner's; everything without it.",
      valueName: "M.yaml|NAME"))
  var subject: Subject?

  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    let owner = try subject.map { subject throws(Failure) in try pipeline.owner(of: subject) }
    let kernel = try pipeline.kernel()
    var (names, state) = try pipeline.owners(with: kernel)
    if let owner { names = names.filter { $0 == owner } }

    var inventories: [Inventory] = []
    var paths = Set(state.pins.map(\.path))
    for name in names {
      let scope = ObservationScope(owner: name, root: pipeline.root(of: name))
      let observed = try pipeline.observe(scope, with: kernel)
      if let inventory = observed.inventory { inventories.append(inventory) }
      // Pins outside of our own tree, and the names of interfaces.
      for pin in observed.pins where paths.insert(pin.path).inserted { state.pins.append(pin) }
      state.hooks += observed.hooks
      state.links += observed.links.filter { $0.filter != nil }
    }
    var holdings = Holdings(state, inventories: inventories)
    if let owner {
      holdings.owners = holdings.owners.filter { $0.name == owner }
      holdings.foreign = []
      holdings.orphaned = []
      guard !holdings.owners.isEmpty else {
        throw Failure(
          "unknown-owner", "nothing on this host belongs to '\(owner)'",
          hints: ["bpfapply show lists all owners", "it may not have been applied since boot"])
      }
    }
    host.console.print(
      wantsJSON
        ? ShowJSON(holdings).render() : ShowText(holdings, style: host.console.output).render())
    return .done
  }
}
