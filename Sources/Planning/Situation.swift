internal import BPFObject

/// The two sides of a plan, with what every rule asks of them.
struct Situation {
  let ownership: Ownership
  let goals: [Address: Goal]
  let options: PlanOptions
  /// Nothing is wanted because the owner goes, not because a manifest is empty.
  var isDestroy = false
  /// Names of attachments whose interfaces a selector finds.
  var selected: Set<String> = []
  var observed: ObservedState { ownership.observed }
  var host: HostFacts { observed.host }

  let sortedGoals: [Goal]
  /// REF of a map → the programs that are to be bound to it.
  let users: [String: [Address]]
  /// Attachments that are ours and no longer wanted, by the spot that they take.
  let outgoing: [Hook: [Address]]
  /// Attachments to interfaces by place, where a selector found some of them.
  let contenders: [Hook: [Goal]]
  private let interfaces: [InterfaceName: UInt32]
  private let interfaceNames: [UInt32: String]

  init(ownership: Ownership, goals: [Address: Goal], options: PlanOptions) {
    self.ownership = ownership
    self.goals = goals
    self.options = options
    sortedGoals = goals.keys.sorted().compactMap { goals[$0] }
    var users: [String: [Address]] = [:]
    for goal in sortedGoals {
      for ref in Set(goal.bindings.values) { users[ref, default: []].append(goal.address) }
    }
    self.users = users
    var outgoing: [Hook: [Address]] = [:]
    for address in ownership.claimedAddresses where goals[address] == nil {
      guard case .attachment = address, let applied = ownership.last(address),
        let hook = Hook(spec: applied.spec)
      else { continue }
      outgoing[hook.spot, default: []].append(address)
    }
    self.outgoing = outgoing
    contenders =
      sortedGoals.contains { $0.attachment?.isSelected == true }
      ? Dictionary(
        sortedGoals.compactMap { goal in
          goal.attachment.flatMap { $0.hook.interface == nil ? nil : ($0.hook.place, [goal]) }
        }, uniquingKeysWith: +) : [:]
    let found = ownership.observed.interfaces
    interfaces = Dictionary(found.map { ($0.name, $0.index) }) { first, _ in first }
    interfaceNames = Dictionary(
      found.filter { $0.name.namespace == .own }.map { ($0.index, $0.name.name) }
    ) { first, _ in first }
  }

  func interfaceIndex(_ name: String) -> UInt32? { interfaces[InterfaceName(name: name)] }
  func interfaceName(_ index: UInt32) -> String? { interfaceNames[index] }

  func last(_ address: Address) -> AppliedResource? { ownership.last(address) }

  /// The manifest gives the address up.
  func isForgotten(_ address: Address) -> Bool {
    ownership.forgotten.contains { $0.covers(address) }
  }

  /// The live object of a REF, external maps included.
  func liveMap(_ ref: String) -> ObservedMap? {
    if let path = goals[.map(ref)]?.spec.text("external") {
      guard let pin = ownership.pin(at: path), pin.kind == .map else { return nil }
      return ownership.mapsByID[pin.id]
    }
    return ownership.liveMap(ref)
  }
}
