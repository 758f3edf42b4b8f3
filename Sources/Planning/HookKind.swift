internal import BPFObject

/// What the kernel can do at a kind of hook; the planner's rules ask here and nowhere else.
///
/// From the kernel's link operations (Linux 6.18): which kinds implement LINK_UPDATE, where a second
/// program fits, and what PROG_QUERY or netlink shows.
struct HookKind {
  /// LINK_UPDATE swaps the program of a live link.
  var updatesInPlace: Bool
  /// One program only: a second link is refused (EBUSY, EEXIST).
  var holdsOne: Bool
  /// The same program may not stand there twice, even by two links.
  var refusesSameProgramTwice: Bool
  /// What runs there can be listed, so that a link that does not show up is not attached.
  var isQueryable: Bool
  /// What the link type must be.
  var linkTypes: Set<LinkType>
  /// A program can be taken off, by LINK_UPDATE or LINK_DETACH, while its link is held.
  var leavesAtOnce: Bool {
    updatesInPlace || linkTypes == [.netfilter] || linkTypes == [.structOps]
  }

  init(_ hook: Hook) {
    switch hook {
    case .xdp: self.init(updates: true, one: true, queryable: true, [.xdp])
    case .tcx:
      self.init(updates: true, queryable: true, [.tcx])
      refusesSameProgramTwice = true
    case .cgroup: self.init(updates: true, queryable: true, [.cgroup])
    case .networkNamespace(_, let attachType):
      // sk_lookup takes 64 programs in a row, flow_dissector one.
      self.init(updates: true, one: attachType == .flowDissector, queryable: true, [.netns])
    case .netfilter: self.init(updates: false, one: true, queryable: false, [.netfilter])
    case .tracepoint: self.init(updates: false, queryable: false, [.perfEvent])
    case .rawTracepoint: self.init(updates: false, queryable: false, [.rawTracepoint])
    case .kernelProbe, .userProbe: self.init(updates: false, queryable: false, [.perfEvent])
    case .tracing(.traceIter, _): self.init(updates: true, queryable: false, [.iter])
    case .tracing: self.init(updates: false, queryable: false, [.tracing, .rawTracepoint])
    case .structOps(_, let structure):
      // Of the kernel's structures this one can be updated.
      self.init(
        updates: structure == "tcp_congestion_ops", one: true, queryable: false, [.structOps])
    }
  }

  private init(
    updates: Bool, one: Bool = false, queryable: Bool, _ linkTypes: Set<LinkType>
  ) {
    updatesInPlace = updates
    holdsOne = one
    refusesSameProgramTwice = one
    isQueryable = queryable
    self.linkTypes = linkTypes
  }
}

extension Hook {
  /// The same for all hooks at which a program excludes another where the hook holds one only.
  var spot: Hook {
    guard case .netfilter(var place, let namespace) = self else { return place }
    place.defragment = false
    return .netfilter(place, namespace: namespace)
  }

  func isSamePlace(as other: Hook) -> Bool { spot == other.spot }
}

extension ObservedLink {
  /// Whether the link's target is still there. Kinds that do not tell count as attached.
  public var isAttached: Bool {
    switch target {
    case .interface(let index, _): index != 0
    case .cgroup(let id, _): id != 0
    case .networkNamespace(let inode, _): inode != 0
    case .map(let id): id != 0
    case .netfilter, .rawTracepoint, .tracepoint, .kernelProbe, .userProbe, .iterator, .tracing,
      .other:
      true
    }
  }

  /// Whether what link info says is that hook; `targetID` is the observed hook's.
  func isOn(_ hook: Hook, targetID: UInt64) -> Bool {
    switch (hook, target) {
    case (.xdp, .interface(let index, _)): type == .xdp && UInt64(index) == targetID
    case (.tcx(_, let wanted), .interface(let index, let attachType)):
      UInt64(index) == targetID && attachType == wanted
    case (.cgroup(_, let wanted), .cgroup(let id, let attachType)):
      id == targetID && attachType == wanted
    case (.networkNamespace(_, let wanted), .networkNamespace(let inode, let attachType)):
      UInt64(inode) == targetID && attachType == wanted
    case (.netfilter(let wanted, _), .netfilter(let place)):
      // Whether fragments are gathered first is not always reported.
      (wanted.protocolFamily, wanted.hook, wanted.priority)
        == (place.protocolFamily, place.hook, place.priority)
    case (.tracepoint(let category, let name), .tracepoint(let reported)):
      reported == name || reported == "\(category):\(name)"
    case (.rawTracepoint(let name), .rawTracepoint(let reported)): reported == name
    case (.kernelProbe(let wanted), .kernelProbe(let function, let offset, let isReturn)):
      // A kernel that hides its addresses from the caller may hide the name as well.
      isReturn == wanted.isReturn
        && (function.isEmpty || wanted.symbols.contains(function) && offset == wanted.offset)
    case (.userProbe(let wanted), .userProbe(_, let offset, let isReturn)):
      // Where the function begins is found in the file when the hook is looked at.
      isReturn == wanted.isReturn && (targetID == 0 || offset == targetID)
    case (.tracing(.traceIter, let wanted), .iterator(let name)): name == wanted
    case (.tracing(_, let wanted), .rawTracepoint(let reported)):
      // Kernels that show a tp_btf link as a raw tracepoint's; the type may prefix the name.
      reported == wanted || reported.hasSuffix(wanted)
    case (.tracing(let wanted, _), .tracing(let attachType, _, _)): attachType == wanted
    case (.structOps, .map): type == .structOps
    case (.tracepoint, .other), (.rawTracepoint, .other), (.tracing, .other),
      (.kernelProbe, .other), (.userProbe, .other):
      true
    default: false
    }
  }
}
