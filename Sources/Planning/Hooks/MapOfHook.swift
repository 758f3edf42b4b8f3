/// Hooks that are on a map of the manifest: a new map makes a new hook of them.
extension Hook {
  /// The REF of the map that the hook is on.
  public var mapRef: String? {
    switch self {
    case .socketMap(let ref, _): ref
    case .iterator(let iterator): if case .map(let ref) = iterator.scope { ref } else { nil }
    default: nil
    }
  }
}

extension ObservedLink {
  /// The map that its hook is on.
  public var hookMapID: UInt32? {
    switch target {
    case .socketMap(let id, _): id
    case .iterator(let found): found.mapID == 0 ? nil : found.mapID
    default: nil
    }
  }
}

extension Ownership {
  /// Which kernel maps hooks are on, by REF: what the manifest or the inventory names, as far as it is
  /// there.
  public static func mapsOfHooks(
    _ scope: ObservationScope, observedSoFar observed: ObservedState
  ) -> [String: UInt32] {
    let refs = Set(scope.hooks.compactMap(\.mapRef))
    guard !refs.isEmpty else { return [:] }
    let ownership = Ownership(
      owner: scope.owner, root: scope.root, observed: observed, desired: scope.desired)
    var ids: [String: UInt32] = [:]
    for ref in refs {
      if let path = scope.desired?.maps.first(where: { $0.ref == ref })?.external {
        ids[ref] = ownership.pin(at: path).flatMap { $0.kind == .map ? $0.id : nil }
      } else {
        ids[ref] = ownership.liveMap(ref)?.id
      }
    }
    return ids
  }
}
