/// What one address is to be: as a manifest says it, or, when only the inventory is at hand, as it
/// was last applied. It does not change, and every rule of the planner passes it on: a reference.
final class Goal: Sendable {
  enum Source {
    case map(DesiredMap)
    case program(DesiredProgram)
    case attachment(DesiredAttachment)
    case pin(DesiredPin)
    /// From the inventory: the spec is all there is, but for the manifest's map where it is still
    /// what was applied.
    case recorded(DesiredMap?)
  }

  let address: Address
  let spec: Spec
  let source: Source
  /// A program's maps: the object's map name → REF.
  let bindings: [String: String]

  init(address: Address, spec: Spec, source: Source) {
    self.address = address
    self.spec = spec
    self.source = source
    if case .program = address { bindings = spec.bindings } else { bindings = [:] }
  }

  var map: DesiredMap? {
    switch source {
    case .map(let map): map
    case .recorded(let map): map
    case .program, .attachment, .pin: nil
    }
  }
  var program: DesiredProgram? { if case .program(let program) = source { program } else { nil } }
  var attachment: DesiredAttachment? {
    if case .attachment(let attachment) = source { attachment } else { nil }
  }

  var location: SourceLocation? {
    switch source {
    case .map(let map): map.location
    case .program(let program): program.location
    case .attachment(let attachment): attachment.location
    case .pin(let pin): pin.location
    case .recorded: nil
    }
  }

  var isExternal: Bool { spec["external"] != nil }
  var pin: PinSpec? { PinSpec(spec: spec) }
  /// The REF of an attachment's program.
  var programRef: String? { spec.text("program") }

  /// What an attachment puts on its hook: a program, or the map of struct_ops.
  var subject: Address? {
    programRef.map { .program($0) } ?? spec.text("map").map { .map($0) }
  }

  /// By address; of two goals with one address the later one is dropped.
  static func all(of desired: DesiredState) -> [Address: Goal] {
    var goals: [Address: Goal] = [:]
    func add(_ address: Address, _ spec: Spec, _ source: Source) {
      if goals[address] == nil {
        goals[address] = Goal(address: address, spec: spec, source: source)
      }
    }
    for map in desired.maps { add(.map(map.ref), map.canonicalSpec, .map(map)) }
    for program in desired.programs {
      add(.program(program.ref), program.canonicalSpec, .program(program))
    }
    for attachment in desired.attachments {
      add(attachment.address, attachment.canonicalSpec, .attachment(attachment))
    }
    for pin in desired.pins { add(.pin(pin.name), pin.canonicalSpec, .pin(pin)) }
    return goals
  }

  /// Everything that the inventory says is in force. `manifest` tells what the entries of a map are
  /// where it still declares those that were applied.
  static func all(of ownership: Ownership, manifest: DesiredState?) -> [Address: Goal] {
    var goals: [Address: Goal] = [:]
    let maps = Dictionary((manifest?.maps ?? []).map { ($0.ref, $0) }) { first, _ in first }
    for address in ownership.claimedAddresses {
      guard let last = ownership.last(address) else { continue }
      var map: DesiredMap?
      if case .map(let ref) = address { map = maps[ref].flatMap { $0.isAsApplied(last.spec) } }
      goals[address] = Goal(address: address, spec: last.spec, source: .recorded(map))
    }
    return goals
  }
}

extension DesiredMap {
  /// Itself, if it has the form and the entries of an applied spec.
  fileprivate func isAsApplied(_ applied: Spec) -> DesiredMap? {
    let spec = canonicalSpec
    let decisive = [
      "type", "key_size", "value_size", "entries.policy", "entries.values", "entries.digest",
    ]
    return decisive.allSatisfy { spec[$0] == applied[$0] } ? self : nil
  }
}
