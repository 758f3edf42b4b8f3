import BPFObject
public import Planning

/// Filters of tc as they were before a change: no link names them, so their places do.
extension Reversal {
  public struct FormerFilter: Hashable, Sendable, Codable {
    public var hook: Hook
    /// nil: there was none.
    public var programID: UInt32?
  }
}

extension Execution {
  /// The places whose filter a step makes, swaps or deletes, as they are before.
  func formerFilters(_ step: Step) -> [Reversal.FormerFilter] {
    func filter(_ id: UInt32?) -> Reversal.FormerFilter? {
      guard let link = id.flatMap({ seen(link: $0) }), let hook = link.filter else { return nil }
      return .init(hook: .filter(hook), programID: link.programID)
    }
    func new(_ address: Address) -> Reversal.FormerFilter? {
      guard let hook = attachments[address]?.hook, hook.filter != nil else { return nil }
      return .init(hook: hook, programID: nil)
    }
    return switch step {
    case .createLink(let address): [new(address)].compactMap(\.self)
    case .updateLink(_, let id, _), .detachLink(_, let id): [filter(id)].compactMap(\.self)
    case .recreateLink(let address, let id): [filter(id), new(address)].compactMap(\.self)
    default: []
    }
  }
}

extension Reversal {
  /// What several steps say of one place: the program that was there, if any was.
  mutating func remember(_ former: [FormerFilter]) {
    for filter in former {
      if let index = filters.firstIndex(where: { $0.hook == filter.hook }) {
        if filters[index].programID == nil { filters[index].programID = filter.programID }
      } else {
        filters.append(filter)
      }
    }
  }
}

extension Reverser {
  /// Each place gets the program back that ran there, or is empty again. What somebody else has put
  /// there meanwhile is left alone.
  func putBackFilters() throws(KernelFailure) {
    guard !reversal.filters.isEmpty else { return }
    let scope = ObservationScope(
      owner: reversal.owner, root: reversal.root, hooks: Set(reversal.filters.map(\.hook)))
    let now = try kernel.observe(scope)
    let ownership = Ownership(owner: reversal.owner, root: reversal.root, observed: now)
    for filter in reversal.filters {
      let place = ObservedHook(hook: filter.hook)
      // Without its interface there is no place.
      guard let seen = now.hooks.first(where: { $0.hook == filter.hook }), seen.missing == nil
      else { continue }
      let there = seen.occupants.first?.programID
      guard there != filter.programID else { continue }
      if let there, !ownership.owns(program: there) { continue }
      let running = try there.map { id throws(KernelFailure) in
        try kernel.open(.program, id: id)
      }
      let former = try filter.programID.map { id throws(KernelFailure) in
        try kernel.open(.program, id: id)
      }
      switch (running, former) {
      case (let running?, let former?): try kernel.replace(running, by: former, on: place)
      case (let running?, nil): try kernel.detach(running, from: place)
      case (nil, let former?): try kernel.attach(former, to: place)
      case (nil, nil): break
      }
    }
  }
}
