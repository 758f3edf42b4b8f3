/// The object that a hook is on. Another object makes another hook of it.
public enum HookTarget: Hashable, Sendable {
  /// REFs.
  case map(String)
  case program(String)
  /// A program that somebody else pinned.
  case pinnedProgram(String)

  /// Where it is the manifest's.
  var address: Address? {
    switch self {
    case .map(let ref): .map(ref)
    case .program(let ref): .program(ref)
    case .pinnedProgram: nil
    }
  }
}

extension Hook {
  /// The object that the hook is on.
  public var target: HookTarget? {
    switch self {
    case .socketMap(let ref, _): .map(ref)
    case .iterator(let iterator):
      if case .map(let ref) = iterator.scope { .map(ref) } else { nil }
    case .extension(let hook):
      switch hook.target {
      case .program(let ref): .program(ref)
      case .pin(let path): .pinnedProgram(path)
      }
    default: nil
    }
  }

  /// The REF of the map that the hook is on.
  public var mapRef: String? { if case .map(let ref)? = target { ref } else { nil } }

  /// A link there goes only when nothing holds it any more, and keeps others out until then.
  public var isLeftByUnpinning: Bool { kind.holdsOne && !kind.leavesAtOnce }
}

extension ObservedLink {
  /// The map or program that its hook is on, as far as link info tells.
  public var hookTarget: (kind: ObjectKind, id: UInt32)? {
    switch target {
    case .socketMap(let id, _): (.map, id)
    case .iterator(let found): found.mapID == 0 ? nil : (.map, found.mapID)
    default: nil
    }
  }
}

extension Ownership {
  /// Which kernel objects hooks are on: what the manifest or the inventory names, as far as it is
  /// there.
  public static func targetsOfHooks(
    _ scope: ObservationScope, observedSoFar observed: ObservedState
  ) -> [HookTarget: UInt32] {
    let targets = Set(scope.hooks.compactMap(\.target))
    guard !targets.isEmpty else { return [:] }
    let ownership = Ownership(
      owner: scope.owner, root: scope.root, observed: observed, desired: scope.desired)
    func pinned(_ kind: ObjectKind, at path: String) -> UInt32? {
      ownership.pin(at: path).flatMap { $0.kind == kind ? $0.id : nil }
    }
    var ids: [HookTarget: UInt32] = [:]
    for target in targets {
      switch target {
      case .map(let ref):
        if let path = scope.desired?.maps.first(where: { $0.ref == ref })?.external {
          ids[target] = pinned(.map, at: path)
        } else {
          ids[target] = ownership.liveMap(ref)?.id
        }
      case .program(let ref): ids[target] = ownership.liveProgram(ref)?.id
      case .pinnedProgram(let path): ids[target] = pinned(.program, at: path)
      }
    }
    return ids
  }
}
