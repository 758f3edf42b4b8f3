internal import BPFKernel
internal import BPFObject
public import Planning

/// Filters of tc, by rtnetlink.
extension LiveKernel {
  public func replace(
    _ old: LiveObject, by new: LiveObject, on hook: ObservedHook
  ) throws(KernelFailure) {
    let program = try self.program(new, "RTM_NEWTFILTER")
    guard let filter = hook.hook.filter else {
      throw KernelFailure(
        KernelError("RTM_NEWTFILTER", refused: "this is no hook of tc", on: "\(hook.hook)"))
    }
    let expected = old.id
    try wrap { () throws(KernelError) in
      try at(filter) { place throws(KernelError) in
        try program.replace(filter: place, expected: expected, name: try program.info().name)
      }
    }
  }

  /// With the inventory lost, filters are found by the programs that carry the owner: on the
  /// interfaces of the caller's network namespace.
  func findFilters(of owner: String, _ state: inout ObservedState) throws(KernelFailure) {
    guard state.inventory == nil else { return }
    let programs = Set(
      state.programs.filter {
        $0.type == .schedCls && $0.metadata?.owner == owner
          && $0.metadata?.bpffsDevice == state.host.bpffsDevice
      }.map(\.id))
    guard !programs.isEmpty else { return }
    let known = Set(state.links.compactMap(\.filter))
    for interface in try wrap({ () throws(KernelError) in try NetworkInterface.all() }) {
      for isEgress in [false, true] {
        let filters = try wrap { () throws(KernelError) in
          try TrafficFilter.all(interface: interface.index, isEgress: isEgress)
        }
        for filter in filters {
          guard let program = filter.programID, programs.contains(program) else { continue }
          let hook = FilterHook(
            at: InterfaceName(name: interface.name), isEgress: isEgress,
            priority: filter.place.priority, handle: filter.place.handle)
          guard !known.contains(hook) else { continue }
          let found = ObservedHook(
            hook: .filter(hook), occupants: [.init(programID: program, linkID: nil)],
            targetID: UInt64(interface.index))
          state.hooks.append(found)
          if let link = found.filterLink { state.links.append(link) }
        }
      }
    }
  }

  func attach(_ program: Program, to filter: FilterHook) throws(KernelError) {
    try at(filter) { place throws(KernelError) in
      try program.attach(filter: place, name: try program.info().name)
    }
  }

  func detach(_ program: Program, from filter: FilterHook) throws(KernelError) {
    try at(filter) { place throws(KernelError) in
      try Program.detach(filter: place, expected: try program.info().id)
    }
  }

  private func at(
    _ filter: FilterHook, _ body: (TrafficFilter.Place) throws(KernelError) -> Void
  ) throws(KernelError) {
    try within(filter.at.namespace) { () throws(KernelError) in
      try body(
        TrafficFilter.Place(filter, on: try NetworkInterface.existing(filter.at.name).index))
    }
  }
}

extension TrafficFilter.Place {
  init(_ hook: FilterHook, on interface: UInt32) {
    self.init(
      interface: interface, isEgress: hook.isEgress, priority: hook.priority, handle: hook.handle)
  }
}
