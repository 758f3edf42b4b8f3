/// What a program may do and see: `enum bpf_prog_type`.
public struct ProgramType: KernelEnumeration {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let unspecified = ProgramType(rawValue: 0)
  public static let socketFilter = ProgramType(rawValue: 1)
  public static let kprobe = ProgramType(rawValue: 2)
  public static let schedCls = ProgramType(rawValue: 3)
  public static let schedAct = ProgramType(rawValue: 4)
  public static let tracepoint = ProgramType(rawValue: 5)
  public static let xdp = ProgramType(rawValue: 6)
  public static let perfEvent = ProgramType(rawValue: 7)
  public static let cgroupSkb = ProgramType(rawValue: 8)
  public static let cgroupSock = ProgramType(rawValue: 9)
  public static let lwtIn = ProgramType(rawValue: 10)
  public static let lwtOut = ProgramType(rawValue: 11)
  public static let lwtXmit = ProgramType(rawValue: 12)
  public static let sockOps = ProgramType(rawValue: 13)
  public static let skSkb = ProgramType(rawValue: 14)
  public static let cgroupDevice = ProgramType(rawValue: 15)
  public static let skMsg = ProgramType(rawValue: 16)
  public static let rawTracepoint = ProgramType(rawValue: 17)
  public static let cgroupSockAddr = ProgramType(rawValue: 18)
  public static let lwtSeg6local = ProgramType(rawValue: 19)
  public static let lircMode2 = ProgramType(rawValue: 20)
  public static let skReuseport = ProgramType(rawValue: 21)
  public static let flowDissector = ProgramType(rawValue: 22)
  public static let cgroupSysctl = ProgramType(rawValue: 23)
  public static let rawTracepointWritable = ProgramType(rawValue: 24)
  public static let cgroupSockopt = ProgramType(rawValue: 25)
  public static let tracing = ProgramType(rawValue: 26)
  public static let structOps = ProgramType(rawValue: 27)
  public static let ext = ProgramType(rawValue: 28)
  public static let lsm = ProgramType(rawValue: 29)
  public static let skLookup = ProgramType(rawValue: 30)
  public static let syscall = ProgramType(rawValue: 31)
  public static let netfilter = ProgramType(rawValue: 32)

  public static let names = [
    "unspec", "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp",
    "perf_event", "cgroup_skb", "cgroup_sock", "lwt_in", "lwt_out", "lwt_xmit", "sock_ops",
    "sk_skb", "cgroup_device", "sk_msg", "raw_tracepoint", "cgroup_sock_addr", "lwt_seg6local",
    "lirc_mode2", "sk_reuseport", "flow_dissector", "cgroup_sysctl", "raw_tracepoint_writable",
    "cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm", "sk_lookup", "syscall", "netfilter",
  ]
}
