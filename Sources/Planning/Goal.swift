/// What one address is to be: as a manifest says it, or, when only the inventory is at hand, as it
/// was last applied.
struct Goal {
  enum Source {
    case map(DesiredMap)
    case program(DesiredProgram)
    case attachment(DesiredAttachment)
    case pin(DesiredPin)
    /// From the inventory: the spec is all there is.
    case recorded
  }

  let address: Address
  let spec: Spec
  let source: Source

  var map: DesiredMap? { if case .map(let map) = source { map } else { nil } }
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

  /// Everything that the inventory says is in force.
  static func all(of ownership: Ownership) -> [Address: Goal] {
    var goals: [Address: Goal] = [:]
    for address in ownership.claimedAddresses {
      guard let last = ownership.last(address) else { continue }
      goals[address] = Goal(address: address, spec: last.spec, source: .recorded)
    }
    return goals
  }
}
