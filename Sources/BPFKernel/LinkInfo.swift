public import BPFObject
internal import CBPF

/// What the kernel says of a link: `struct bpf_link_info`.
public struct LinkInfo: Hashable, Sendable {
  public var id: UInt32
  public var type: LinkType
  /// The program on it; 0 for struct_ops.
  public var programID: UInt32
  public var target: Target

  /// Where a link puts its program. A device, cgroup or namespace that is gone is reported as 0.
  public enum Target: Hashable, Sendable {
    case rawTracepoint(name: String, cookie: UInt64)
    /// `objectID` is the id of the BTF or of the program that holds the type.
    case tracing(AttachType, objectID: UInt32, typeID: UInt32, cookie: UInt64)
    case cgroup(id: UInt64, AttachType)
    case iterator(Iterator)
    /// `inode` is that of the network namespace.
    case namespace(inode: UInt32, AttachType)
    case xdp(interface: UInt32)
    case perfEvent(PerfTarget)
    case kprobeMulti(ProbeSet, missed: UInt64)
    case structOps(mapID: UInt32)
    case netfilter(family: UInt32, hook: UInt32, priority: Int32, flags: UInt32)
    case tcx(interface: UInt32, AttachType)
    /// `path` is empty and the set too before 6.8; `pid` is 0 for all processes.
    case uprobeMulti(path: String, ProbeSet, pid: UInt32)
    case netkit(interface: UInt32, AttachType)
    case sockmap(mapID: UInt32, AttachType)
    /// A kind that this library does not know.
    case other
  }

  /// The places of a link that has many.
  public struct ProbeSet: Hashable, Sendable {
    public var count: UInt32
    /// 1 = when functions return.
    public var flags: UInt32
    /// Addresses of the kernel, which are hidden (0) from those who may not see them, or offsets in
    /// a file.
    public var places: [UInt64]
    /// Of each place; empty where the kernel does not tell (6.9, for files 6.8).
    public var cookies: [UInt64]
  }

  /// What an iterator link walks over.
  public struct Iterator: Hashable, Sendable {
    /// The kind: `bpf_map`, `task`, `bpf_map_elem` …
    public var name: String
    /// 0 = not of one map.
    public var mapID: UInt32
    /// 0 = not of one cgroup; `order` as in `IteratorScope`.
    public var cgroupID: UInt64
    public var order: UInt32
    public var thread: UInt32
    public var process: UInt32
  }

  /// What the perf event of a link is (6.6; `.unknown` before).
  public enum PerfTarget: Hashable, Sendable {
    case unknown
    case uprobe(path: String, offset: UInt32, isReturn: Bool, cookie: UInt64)
    case kprobe(
      function: String, offset: UInt32, address: UInt64, isReturn: Bool, missed: UInt64,
      cookie: UInt64)
    /// Without its category.
    case tracepoint(name: String, cookie: UInt64)
    case event(type: UInt32, config: UInt64, cookie: UInt64)
  }

  /// Asks the kernel. The bpf(2) command is `BPF_OBJ_GET_INFO_BY_FD`: one call, and a second one
  /// for the kinds that report a name.
  public init(of descriptor: borrowing FileDescriptor) throws(KernelError) {
    try self.init(of: descriptor.rawValue)
  }

  init(of descriptor: Int32) throws(KernelError) {
    var raw = cbpf_link_info()
    try check(
      objectInfo(descriptor, &raw), Command.objectInfo.name, on: "link descriptor \(descriptor)")
    self.id = raw.head.id
    self.type = LinkType(rawValue: raw.head.type)
    self.programID = raw.head.prog_id
    self.target = try Self.target(type, raw, descriptor)
  }

  private static func target(
    _ type: LinkType, _ raw: cbpf_link_info, _ descriptor: Int32
  ) throws(KernelError) -> Target {
    let pair = detail(raw, cbpf_link_pair.self)
    let attachType = AttachType(rawValue: pair.attach_type)
    switch type {
    case .rawTracepoint: return try rawTracepoint(descriptor)
    case .iter: return try iterator(descriptor)
    case .perfEvent: return .perfEvent(try perfTarget(raw, descriptor))
    case .uprobeMulti: return try uprobeMulti(descriptor)
    case .tracing:
      let tracing = detail(raw, cbpf_link_tracing.self)
      return .tracing(
        AttachType(rawValue: tracing.attach_type), objectID: tracing.target_obj_id,
        typeID: tracing.target_btf_id, cookie: tracing.cookie)
    case .cgroup:
      let cgroup = detail(raw, cbpf_link_cgroup.self)
      return .cgroup(id: cgroup.cgroup_id, AttachType(rawValue: cgroup.attach_type))
    case .netns: return .namespace(inode: pair.object, attachType)
    case .xdp: return .xdp(interface: pair.object)
    case .structOps: return .structOps(mapID: pair.object)
    case .tcx: return .tcx(interface: pair.object, attachType)
    case .netkit: return .netkit(interface: pair.object, attachType)
    case .sockmap: return .sockmap(mapID: pair.object, attachType)
    case .netfilter:
      let filter = detail(raw, cbpf_link_netfilter.self)
      return .netfilter(
        family: filter.pf, hook: filter.hooknum, priority: filter.priority, flags: filter.flags)
    case .kprobeMulti: return try kprobeMulti(raw, descriptor)
    default: return .other
    }
  }

  /// The part of the struct whose layout depends on the type.
  static func detail<Detail>(_ raw: cbpf_link_info, _ type: Detail.Type) -> Detail {
    unsafe withUnsafeBytes(of: raw.detail) { unsafe $0.loadUnaligned(as: type) }
  }
}
