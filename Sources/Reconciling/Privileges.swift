internal import BPFObject
public import Planning

/// Which capabilities the kernel asks for, and for what. Told all at once and beforehand, instead of
/// one by one as calls fail.
public struct Privileges: Hashable, Sendable {
  /// Capability → what it is needed for, in the order in which it was found.
  public private(set) var needs: [String: [String]] = [:]

  public init() {}

  public mutating func formUnion(_ other: Privileges) {
    for (capability, purposes) in other.needs {
      for purpose in purposes { need(capability, to: purpose) }
    }
  }

  private mutating func need(_ capability: String, to purpose: String) {
    if needs[capability]?.contains(purpose) != true {
      needs[capability, default: []].append(purpose)
    }
  }

  /// Those that are not held. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON.
  public func missing(of held: Set<String>) -> [(capability: String, purposes: [String])] {
    needs.filter { capability, _ in
      if held.contains(capability) { return false }
      let isImplied = capability == "CAP_BPF" || capability == "CAP_PERFMON"
      return !isImplied || !held.contains("CAP_SYS_ADMIN")
    }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  // MARK: What is needed

  /// To look at the hooks of a manifest. Without CAP_SYS_ADMIN less is seen, which the plan says; to
  /// enter another network namespace there is no way around it.
  public init(looking desired: DesiredState) {
    for attachment in desired.attachments + desired.templates {
      switch attachment.hook {
      case .tcx, .netkit, .cgroup, .cgroupSecurity, .networkNamespace, .socketMap:
        need("CAP_NET_ADMIN", to: "look at the hook of \(attachment.address)")
      default: break
      }
      enter(attachment)
    }
  }

  /// To do all that a manifest can ask for.
  public init(applying desired: DesiredState) {
    let steps =
      desired.maps.filter { $0.external == nil }.map { Step.createMap(ref: $0.ref) }
      + desired.programs.map { .loadProgram(ref: $0.ref) }
      + (desired.attachments + desired.templates).map {
        .createLink($0.address)
      }
      + desired.pins.map { .stagePin(.pin($0.name)) }
    self.init(performing: steps, of: desired)
  }

  /// To perform these steps.
  public init(performing steps: [Step], of desired: DesiredState) {
    let maps = Dictionary(desired.maps.map { ($0.ref, $0) }) { first, _ in first }
    let programs = Dictionary(desired.programs.map { ($0.ref, $0) }) { first, _ in first }
    let declared = desired.attachments + desired.templates
    let attachments = Dictionary(declared.map { ($0.address, $0) }) { first, _ in first }
    let pins = Dictionary(desired.pins.map { ($0.name, $0) }) { first, _ in first }
    for step in steps {
      switch step {
      case .createMap(let ref): if let map = maps[ref] { create(map) }
      case .loadProgram(let ref), .testProgram(let ref):
        if let program = programs[ref] { load(program) }
      case .createLink(let address), .recreateLink(let address, _):
        if let attachment = attachments[address] ?? attachments[address.withoutInstance] {
          attach(attachment)
        }
      case .detachLegacy(let address, _):
        need("CAP_NET_ADMIN", to: "detach what stands where \(address) is to be")
      case .stagePin(.pin(let name)), .restorePin(.pin(let name), _),
        .setPinAttributes(.pin(let name)):
        if let pin = pins[name]?.pin, pin.owner != 0 || pin.group != 0 {
          need("CAP_CHOWN", to: "give pin.\(name) to its owner")
        }
      default: break
      }
    }
  }

  private mutating func create(_ map: DesiredMap) {
    need("CAP_BPF", to: "create maps")
    switch map.map.type {
    case .devmap, .devmapHash, .xskmap, .sockmap, .sockhash:
      need("CAP_NET_ADMIN", to: "create map.\(map.ref) (\(map.map.type))")
    default: break
    }
  }

  private mutating func load(_ program: DesiredProgram) {
    need("CAP_BPF", to: "load programs")
    let type = program.image.type
    let purpose = "load program.\(program.ref) (\(type))"
    if Self.observing.contains(type) { need("CAP_PERFMON", to: purpose) }
    if !Self.observing.contains(type), !Self.unrestricted.contains(type) {
      need("CAP_NET_ADMIN", to: purpose)
    }
  }

  private mutating func attach(_ attachment: DesiredAttachment) {
    let purpose = "attach \(attachment.address)"
    if let capability = attachment.hook.capability { need(capability, to: purpose) }
    enter(attachment)
  }

  private mutating func enter(_ attachment: DesiredAttachment) {
    if attachment.hook.namespace != .own {
      need("CAP_SYS_ADMIN", to: "enter the network namespace of \(attachment.address)")
    }
  }

  /// Types that can see the kernel's memory.
  private static let observing: Set<ProgramType> = [
    .kprobe, .tracepoint, .perfEvent, .rawTracepoint, .rawTracepointWritable, .tracing, .lsm, .ext,
    .structOps,
  ]

  /// Types that CAP_BPF alone loads.
  private static let unrestricted: Set<ProgramType> = [
    .socketFilter, .cgroupSkb, .skReuseport, .skLookup, .syscall,
  ]
}

extension Address {
  /// What a selector made has the template's needs.
  fileprivate var withoutInstance: Address {
    if case .attachment(let name, _) = self { .attachment(name, instance: nil) } else { self }
  }
}
