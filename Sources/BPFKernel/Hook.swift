public import BPFObject

/// How an XDP program is run.
public enum XDPMode: UInt32, Sendable, Hashable, CaseIterable {
  /// The kernel chooses: native where the driver can, else generic.
  case auto = 0
  /// After the packet has become a socket buffer (`XDP_FLAGS_SKB_MODE`).
  case generic = 2
  /// In the driver (`XDP_FLAGS_DRV_MODE`).
  case native = 4
  /// On the card (`XDP_FLAGS_HW_MODE`).
  case offload = 8
}

/// Where a program goes among others on a hook (tcx and netkit 6.6, cgroup 6.17).
public struct HookPosition: Sendable {
  public enum Anchor: Sendable {
    case program(Program)
    case programID(UInt32)
    case link(Link)
    case linkID(UInt32)
  }
  public enum Place: Sendable {
    /// Behind the last one.
    case anywhere
    case first
    case last
    case before(Anchor)
    case after(Anchor)
  }
  public var place: Place
  /// The revision that a query of the hook reported: ESTALE if it has changed since.
  public var expectedRevision: UInt64
  /// On a cgroup: before the programs of those below (BPF_F_PREORDER; links 6.17). An anchor must be so
  /// too.
  public var isPreorder: Bool

  public init(
    _ place: Place = .anywhere, expectedRevision: UInt64 = 0, isPreorder: Bool = false
  ) {
    self.place = place
    self.isPreorder = isPreorder
    self.expectedRevision = expectedRevision
  }

  /// Whether no place is asked for, so that older kernels do as well.
  var isDefault: Bool {
    if case .anywhere = place { return expectedRevision == 0 }
    return false
  }

  /// The flags and the descriptor or id of the anchor.
  var encoded: (flags: UInt32, relative: UInt32) {
    let (flags, relative) = encodedPlace
    return (flags | (isPreorder ? AttachFlag.preorder : 0), relative)
  }

  private var encodedPlace: (flags: UInt32, relative: UInt32) {
    switch place {
    case .anywhere: (0, 0)
    case .first: (AttachFlag.before, 0)
    case .last: (AttachFlag.after, 0)
    case .before(let anchor): encode(anchor, AttachFlag.before)
    case .after(let anchor): encode(anchor, AttachFlag.after)
    }
  }

  private func encode(_ anchor: Anchor, _ side: UInt32) -> (UInt32, UInt32) {
    switch anchor {
    case .program(let program): (side, UInt32(bitPattern: program.descriptor.rawValue))
    case .programID(let id): (side | AttachFlag.id, id)
    case .link(let link): (side | AttachFlag.link, UInt32(bitPattern: link.descriptor.rawValue))
    case .linkID(let id): (side | AttachFlag.link | AttachFlag.id, id)
    }
  }
}

/// `BPF_F_*` of PROG_ATTACH, LINK_CREATE and LINK_UPDATE.
public enum AttachFlag {
  public static let allowOverride: UInt32 = 1 << 0
  public static let allowMulti: UInt32 = 1 << 1
  public static let replace: UInt32 = 1 << 2
  public static let before: UInt32 = 1 << 3
  public static let after: UInt32 = 1 << 4
  public static let id: UInt32 = 1 << 5
  public static let preorder: UInt32 = 1 << 6
  public static let link: UInt32 = 1 << 13
}

/// What an iterator walks over.
public enum IteratorScope: Sendable {
  /// Everything of the kind that the program was loaded for.
  case all
  case map(Map)
  /// `order`: 1 = the cgroup alone, 2 = it and those below, parents first, 3 = children first,
  /// 4 = it and its ancestors.
  case cgroup(Cgroup, order: UInt32)
  case thread(UInt32)
  case process(UInt32)
}

/// A place where a link puts a program.
public enum Hook: Sendable {
  /// An interface of the calling thread's network namespace (5.9).
  case xdp(interface: UInt32, mode: XDPMode)
  /// `type` is `.tcxIngress` or `.tcxEgress` (6.6).
  case tcx(interface: UInt32, type: AttachType, position: HookPosition)
  /// `type` is `.netkitPrimary` or `.netkitPeer` (6.7).
  case netkit(interface: UInt32, type: AttachType, position: HookPosition)
  /// Any of the cgroup attach types (5.7).
  case cgroup(Cgroup, type: AttachType, position: HookPosition)
  /// `type` is `.skLookup` (5.9) or `.flowDissector` (5.8).
  case namespace(NetworkNamespace, type: AttachType)
  /// In the calling thread's network namespace (6.4). `family` is NFPROTO_IPV4 (2) or
  /// NFPROTO_IPV6 (10), `hook` NF_INET_PRE_ROUTING (0) to NF_INET_POST_ROUTING (4); `defragment`
  /// gives the program whole packets.
  case netfilter(family: UInt32, hook: UInt32, priority: Int32, defragment: Bool)
  /// What a tracing or LSM program was loaded for: `.traceFentry`, `.traceFexit`,
  /// `.modifyReturn`, `.traceRawTp` (tp_btf) or `.lsmMac`.
  case tracing(type: AttachType, cookie: UInt64)
  /// A function of another program, which a freplace program takes the place of.
  case extend(Program, typeID: UInt32)
  case iterator(IteratorScope)
  /// A perf event: tracepoint, kprobe, uprobe, or a sampled counter (5.15).
  case perfEvent(PerfEvent, cookie: UInt64)
  case userProbes(UserProbeSet)
  case kernelProbes(KernelProbeSet)
  /// A sockmap or sockhash (6.10).
  case sockmap(Map, type: AttachType)
}

extension Hook: CustomStringConvertible {
  /// How errors call the hook.
  public var description: String {
    switch self {
    case .xdp(let interface, let mode): "xdp (\(mode)) on interface \(interface)"
    case .tcx(let interface, let type, _), .netkit(let interface, let type, _):
      "\(type) on interface \(interface)"
    case .cgroup(let cgroup, let type, _): "\(type) on cgroup \(cgroup.path)"
    case .namespace(let namespace, let type): "\(type) in \(namespace)"
    case .netfilter(let family, let hook, let priority, _):
      "netfilter family \(family) hook \(hook) priority \(priority)"
    case .tracing(let type, _): "\(type)"
    case .extend: "a function of another program"
    case .iterator: "iterator"
    case .perfEvent(let event, _): "\(event)"
    case .userProbes(let probes): "\(probes.offsets.count) places in \(probes.path)"
    case .kernelProbes(let probes): "\(probes.addresses.count) functions of the kernel"
    case .sockmap(let map, let type): "\(type) on \(map.context)"
    }
  }
}
