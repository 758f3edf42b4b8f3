/// Which programs the kernel runs for a test, and what it wants to be given.
public enum TestRunSupport {
  /// Types that `BPF_PROG_TEST_RUN` runs, each with the first kernel that does.
  public static let types: [(type: ProgramType, since: (major: Int, minor: Int))] = [
    (.xdp, (4, 12)), (.schedCls, (4, 12)), (.schedAct, (4, 12)), (.socketFilter, (4, 16)),
    (.cgroupSkb, (4, 12)), (.lwtIn, (4, 12)), (.lwtOut, (4, 12)), (.lwtXmit, (4, 12)),
    (.lwtSeg6local, (4, 18)), (.flowDissector, (5, 0)), (.rawTracepoint, (5, 10)),
    (.rawTracepointWritable, (5, 10)), (.skLookup, (5, 12)), (.syscall, (5, 14)),
    (.netfilter, (6, 4)),
  ]

  public static func since(_ type: ProgramType) -> (major: Int, minor: Int)? {
    types.first { $0.type == type }?.since
  }

  /// Why a program can be run on no kernel; nil = there are kernels that can.
  public static func obstacle(_ type: ProgramType, _ attachType: AttachType?) -> String? {
    guard since(type) != nil else { return "programs of type \(type) cannot be test-run" }
    if type == .xdp, attachType == .xdpDevmap || attachType == .xdpCpumap {
      return "XDP programs of a devmap or cpumap cannot be test-run"
    }
    return nil
  }

  /// It runs on a packet.
  public static func takesPacket(_ type: ProgramType) -> Bool {
    switch type {
    case .rawTracepoint, .rawTracepointWritable, .skLookup, .syscall: false
    default: true
    }
  }

  /// The packet comes back.
  public static func returnsPacket(_ type: ProgramType) -> Bool {
    takesPacket(type) && type != .flowDissector && type != .netfilter
  }

  /// It runs as often as one likes.
  public static func repeats(_ type: ProgramType) -> Bool {
    switch type {
    case .rawTracepoint, .rawTracepointWritable, .syscall: false
    default: true
    }
  }

  /// Bytes of an Ethernet header, which each packet begins with.
  public static let ethernetHeader = 14
  /// As many arguments a raw tracepoint has at most, 64 bits each.
  public static let tracepointArguments = 12
}
