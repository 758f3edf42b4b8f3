internal import BPFObject

/// All that planning knows of one family of hooks: one file for each, and no rule of the planner
/// asks which family it has.
///
/// A family's own file says how it is written down, what the kernel can do there, what the kernel
/// must have for it, and how a link that stands there is recognised.
protocol HookFamily: Sendable {
  /// The hook's part of an attachment's canonical spec, `hook` among it; `hook(from:)` reads it back.
  var spec: Spec { get }
  /// The hook that a spec of this family's describes; nil when something is missing or wrong.
  static func hook(from spec: Spec) -> Hook?

  /// As a message names it: "xdp of eth0", "cgroup_inet_egress of /sys/fs/cgroup/web".
  var phrase: String { get }
  /// What a moment without the program there means.
  var gap: String { get }
  /// What the kernel can do there.
  var kind: HookKind { get }
  /// What the kernel must have for a program to be attached there.
  var needs: [KernelFeature] { get }
  /// The capability that attaching takes; nil where loading the program was all.
  var capability: String? { get }

  /// Whether what link info says is that hook; `targetID` is the observed hook's.
  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool

  /// The interface of a hook that is on one.
  var interface: InterfaceName? { get }
  /// The network namespace that the hook is in, where it is in one.
  var namespace: NetworkNamespaceName { get }
  /// The same hook on another interface; nil for one that is on none.
  func moved(to interface: InterfaceName) -> Hook?
  /// The target as people name it, where it can be deleted and made again under the same name.
  var mortal: String? { get }
}

extension HookFamily {
  var gap: String { "\(phrase) is empty for a moment" }
  var needs: [KernelFeature] { [] }
  var interface: InterfaceName? { nil }
  func moved(to interface: InterfaceName) -> Hook? { nil }
  var namespace: NetworkNamespaceName { interface?.namespace ?? .own }
  var mortal: String? { interface?.name }
}

/// What the kernel can do at a hook; the planner's rules ask here and nowhere else.
///
/// From the kernel's link operations (Linux 6.18): which kinds implement LINK_UPDATE, where a second
/// program fits, and what PROG_QUERY or netlink shows.
struct HookKind {
  /// What the link type must be.
  var linkTypes: Set<LinkType>
  /// LINK_UPDATE swaps the program of a live link.
  var updatesInPlace = false
  /// One program only: a second link is refused (EBUSY, EEXIST).
  var holdsOne = false
  /// The same program may not stand there twice, even by two links.
  var refusesSameProgramTwice = false
  /// What runs there can be listed, so that a link that does not show up is not attached.
  var isQueryable = false
  /// Programs are called through a trampoline that is written for them.
  var usesTrampoline = false
  /// Programs run there in an order, and a new link can be put anywhere in it.
  var isOrdered = false
  /// Some of them can be made to run before those of other cgroups (BPF_F_PREORDER): a cgroup's hook.
  var hasEarlyPrograms = false
  /// A program can be taken off, by LINK_UPDATE or LINK_DETACH, while its link is held.
  var leavesAtOnce: Bool {
    updatesInPlace || linkTypes == [.netfilter] || linkTypes == [.structOps]
  }
}

extension Hook {
  /// The family that the hook is of: the only place that tells one from another.
  var family: any HookFamily {
    switch self {
    case .xdp(let interface, let mode): XDPHook(at: interface, mode: mode)
    case .tcx(let interface, let attachType): TCXHook(at: interface, attachType: attachType)
    case .netkit(let interface, let attachType): NetkitHook(at: interface, attachType: attachType)
    case .cgroup(let path, let attachType): CgroupHook(path: path, attachType: attachType)
    case .cgroupSecurity(let path, let function): CgroupSecurityHook(path: path, function: function)
    case .networkNamespace(let namespace, let attachType):
      NamespaceHook(namespace: namespace, attachType: attachType)
    case .netfilter(let place, let namespace):
      NetfilterFamily(place: place, namespace: namespace)
    case .tracepoint(let category, let name): TracepointHook(category: category, name: name)
    case .rawTracepoint(let name): RawTracepointHook(name: name)
    case .kernelProbe(let probe): probe
    case .userProbe(let probe): probe
    case .perfCounter(let counter): counter
    case .kernelProbes(let probes): probes
    case .userProbes(let probes): probes
    case .staticProbe(let probe): probe
    case .iterator(let iterator): iterator
    case .extension(let hook): hook
    case .tracing(let attachType, let target): TracingHook(attachType: attachType, target: target)
    case .structOps(let map, let structure): StructOpsHook(map: map, structure: structure)
    case .filter(let hook): hook
    case .socketMap(let map, let attachType): SocketMapHook(map: map, attachType: attachType)
    }
  }

  /// By what a spec's `hook` says.
  private static let families: [String: any HookFamily.Type] = [
    "xdp": XDPHook.self, "tcx": TCXHook.self, "netkit": NetkitHook.self,
    "cgroup": CgroupHook.self, CgroupSecurityHook.name: CgroupSecurityHook.self,
    "sk_lookup": NamespaceHook.self, "flow_dissector": NamespaceHook.self,
    "netfilter": NetfilterFamily.self, "tracepoint": TracepointHook.self,
    "raw_tracepoint": RawTracepointHook.self, "kprobe": KernelProbe.self,
    "kprobe_multi": KernelProbeSet.self, "uprobe_multi": UserProbeSet.self,
    "usdt": StaticProbePlace.self, "uprobe": UserProbe.self, "perf_event": PerfCounter.self,
    "tracing": TracingHook.self, IteratorHook.name: IteratorHook.self,
    ExtensionHook.name: ExtensionHook.self,
    structOpsName: StructOpsHook.self, "sk_skb": SocketMapHook.self, "sk_msg": SocketMapHook.self,
    "tc": FilterHook.self,
  ]

  public static let structOpsName = "struct_ops"

  /// The fields of a spec that a family may have.
  static let fieldNames: Set<String> = [
    "hook", "interface", "netns", "mode", "direction", "path", "attach_type", "pf", "hook_number",
    "priority", "defrag", "name", "target", "structure", "map", "function", "syscall", "offset",
    "return", "pid", "type", "config", "period", "freq", "cpu", "handle", "functions", "offsets",
    "cookies", "session", "walk", "provider", AttachmentOrder.preorderField,
  ]

  /// The hook's part of an attachment's canonical spec; `Hook(spec:)` reads it back.
  public var spec: Spec { family.spec }

  /// The hook that a canonical spec describes; nil when it describes none.
  public init?(spec: Spec) {
    guard let name = spec.text("hook"), let hook = Hook.families[name]?.hook(from: spec) else {
      return nil
    }
    self = hook
  }

  /// As a message names it: "xdp of eth0", "cgroup_inet_egress of /sys/fs/cgroup/web".
  var phrase: String { family.phrase }
  /// What the kernel must have for a program to be attached there.
  public var needs: [KernelFeature] { family.needs }
  /// The capability that attaching takes; nil where loading the program was all.
  public var capability: String? { family.capability }
  /// The interface of a hook that is on one.
  public var interface: InterfaceName? { family.interface }
  /// The network namespace that the hook is in; the caller's own where it is in none.
  public var namespace: NetworkNamespaceName { family.namespace }

  /// The same hook on another interface.
  func moved(to interface: InterfaceName) -> Hook { family.moved(to: interface) ?? self }

  var kind: HookKind { family.kind }

  /// The hook as it is observed: one place, whatever mode is asked for.
  public var place: Hook {
    if case .xdp(let interface, _) = self { .xdp(interface: interface, mode: .auto) } else { self }
  }

  /// The same for all hooks at which a program excludes another where the hook holds one only.
  var spot: Hook {
    switch self {
    case .netfilter(var place, let namespace):
      place.defragment = false
      return .netfilter(place, namespace: namespace)
    case .socketMap(let map, let attachType):
      return SocketMapHook(map: map, attachType: attachType).spot
    default: return place
    }
  }

  public func isSamePlace(as other: Hook) -> Bool { spot == other.spot }
}

extension ObservedLink {
  /// Whether what link info says is that hook; `targetID` is the observed hook's.
  func isOn(_ hook: Hook, targetID: UInt64) -> Bool {
    hook.family.matches(self, targetID: targetID)
  }

  /// Whether the link's target is still there. Kinds that do not tell count as attached.
  public var isAttached: Bool {
    switch target {
    case .interface(let index, _): index != 0
    case .cgroup(let id, _): id != 0
    case .networkNamespace(let inode, _): inode != 0
    case .map(let id), .socketMap(let id, _): id != 0
    case .filter(_, let index): index != 0
    // Of the others the kernel tells no end.
    default: true
    }
  }
}
