/// The kind of a BPF link: `enum bpf_link_type`.
public struct LinkType: KernelEnumeration {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let unspecified = LinkType(rawValue: 0)
  public static let rawTracepoint = LinkType(rawValue: 1)
  public static let tracing = LinkType(rawValue: 2)
  public static let cgroup = LinkType(rawValue: 3)
  public static let iter = LinkType(rawValue: 4)
  public static let netns = LinkType(rawValue: 5)
  public static let xdp = LinkType(rawValue: 6)
  public static let perfEvent = LinkType(rawValue: 7)
  public static let kprobeMulti = LinkType(rawValue: 8)
  public static let structOps = LinkType(rawValue: 9)
  public static let netfilter = LinkType(rawValue: 10)
  public static let tcx = LinkType(rawValue: 11)
  public static let uprobeMulti = LinkType(rawValue: 12)
  public static let netkit = LinkType(rawValue: 13)
  public static let sockmap = LinkType(rawValue: 14)
  public static let tracingMulti = LinkType(rawValue: 15)

  public static let names = [
    "unspec", "raw_tracepoint", "tracing", "cgroup", "iter", "netns", "xdp", "perf_event",
    "kprobe_multi", "struct_ops", "netfilter", "tcx", "uprobe_multi", "netkit", "sockmap",
    "tracing_multi",
  ]
}
