public import BPFObject

/// A place in the kernel where a program can be attached, named as people name it.
public enum Hook: Hashable, Sendable, Codable {
  case xdp(interface: InterfaceName, mode: XDPMode)
  /// `attachType` is `tcx_ingress` or `tcx_egress`.
  case tcx(interface: InterfaceName, attachType: AttachType)
  /// The primary device of a netkit pair; `attachType` is `netkit_primary` or `netkit_peer`.
  case netkit(interface: InterfaceName, attachType: AttachType)
  /// An absolute path below a cgroup2 mount.
  case cgroup(path: String, attachType: AttachType)
  /// A hook of the security modules (`socket_bind`), for what the processes of a cgroup do.
  case cgroupSecurity(path: String, function: String)
  /// `sk_lookup`, `flow_dissector`.
  case networkNamespace(NetworkNamespaceName, attachType: AttachType)
  case netfilter(NetfilterHook, namespace: NetworkNamespaceName)
  case tracepoint(category: String, name: String)
  case rawTracepoint(name: String)
  case kernelProbe(KernelProbe)
  case userProbe(UserProbe)
  case perfCounter(PerfCounter)
  case kernelProbes(KernelProbeSet)
  case userProbes(UserProbeSet)
  case staticProbe(StaticProbePlace)
  case iterator(IteratorHook)
  /// The target is the program's own: tp_btf, fentry, fexit, fmod_ret, lsm.
  case tracing(attachType: AttachType, target: String)
  /// A function of another program.
  case `extension`(ExtensionHook)
  /// Operations of the kernel that a map of the manifest implements (a REF), and the structure's name.
  case structOps(map: String, structure: String)
  /// Streams (sk_skb) or messages (sk_msg) of the sockets in a map of the manifest (a REF).
  case socketMap(map: String, attachType: AttachType)
  /// tc: a filter at an interface's clsact.
  case filter(FilterHook)
}

/// A network namespace: the caller's own, a name below /run/netns, or a path.
public enum NetworkNamespaceName: Hashable, Sendable, Codable {
  case own
  case name(String)
  case path(String)
}

public struct InterfaceName: Hashable, Sendable, Codable {
  public var namespace: NetworkNamespaceName
  public var name: String

  public init(namespace: NetworkNamespaceName = .own, name: String) {
    self.namespace = namespace
    self.name = name
  }
}

public enum XDPMode: String, Hashable, Sendable, Codable {
  /// Whatever the kernel chooses; not compared.
  case auto
  case native, generic, offload
}

/// The four numbers that place a program among the netfilter hooks, as bpf(2) takes them.
public struct NetfilterHook: Hashable, Sendable, Codable {
  /// NFPROTO_IPV4 (2) or NFPROTO_IPV6 (10).
  public var protocolFamily: UInt32
  /// NF_INET_PRE_ROUTING (0) … NF_INET_POST_ROUTING (4).
  public var hook: UInt32
  public var priority: Int32
  /// BPF_F_NETFILTER_IP_DEFRAG.
  public var defragment: Bool

  public init(protocolFamily: UInt32, hook: UInt32, priority: Int32, defragment: Bool) {
    self.protocolFamily = protocolFamily
    self.hook = hook
    self.priority = priority
    self.defragment = defragment
  }
}
