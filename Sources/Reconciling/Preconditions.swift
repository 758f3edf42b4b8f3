import Planning

/// Whether the kernel is still as the plan found it, looked at right before the first visible step.
extension Execution {
  /// In words what changed since; nil = nothing that the plan relies on.
  func findStaleness() throws(KernelFailure) -> String? {
    // Filters are found at their hooks only.
    let filters = observed.hooks.map(\.hook).filter { $0.filter != nil }
    let now = try kernel.observe(
      ObservationScope(
        owner: desired.owner, root: desired.root, paths: Set(pins.keys), hooks: Set(filters)))
    if now.inventory != observed.inventory {
      return "the inventory of \(desired.owner) was written by somebody else"
    }
    if let difference = differingPin(now) { return difference }

    let links = Dictionary(now.links.map { ($0.id, $0) }) { first, _ in first }
    let programs = Set(now.programs.map(\.id))
    let liveMaps = Set(now.maps.map(\.id))
    for step in plan.steps {
      switch step {
      case .updateLink(let address, let id, let expected):
        guard let link = links[id] else { return "link \(id) of \(address) is gone" }
        if link.subjectID != expected {
          return "\(address) runs \(link.subjectKind) \(link.subjectID), not \(expected)"
        }
      case .recreateLink(let address, let id?), .detachLink(let address, let id):
        if links[id] == nil { return "link \(id) of \(address) is gone" }
      case .restorePin(let address, let id):
        let isThere =
          switch kind(of: address) {
          case .map: liveMaps.contains(id)
          case .program: programs.contains(id)
          case .link: links[id] != nil
          case nil: false
          }
        if !isThere { return "\(address) (id \(id)) is gone" }
      default: break
      }
    }
    for change in plan.changes where change.action != .create && made[change.address] == nil {
      guard let id = change.liveID else { continue }
      switch kind(of: change.address) {
      case .map where !liveMaps.contains(id), .program where !programs.contains(id),
        .link where links[id] == nil:
        return "\(change.address) (id \(id)) is gone"
      default: break
      }
    }
    return nil
  }

  private func differingPin(_ now: ObservedState) -> String? {
    let inventory = PinPath.inventory(root: desired.root)
    let before = Dictionary(observed.pins.map { ($0.path, $0) }) { first, _ in first }
    let after = Dictionary(now.pins.map { ($0.path, $0) }) { first, _ in first }
    for path in Set(before.keys).union(after.keys).sorted() where path != inventory {
      if before[path] != after[path] { return "the pin \(path) was changed" }
    }
    return nil
  }
}
