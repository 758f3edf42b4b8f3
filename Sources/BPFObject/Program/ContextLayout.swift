/// A member of the struct that a program gets as its context in a test run.
public struct ContextField: Hashable, Sendable {
  public var name: String
  /// In bytes, in the struct.
  public var offset: Int
  public var layout: Layout
  /// A test may set it.
  public var isInput: Bool
  /// The kernel hands it back.
  public var isOutput: Bool
  /// It holds an interface's index, which may be written as the interface's name.
  public var isInterface: Bool

  init(
    _ name: String, _ offset: Int, _ layout: Layout, input: Bool = true, output: Bool = true,
    interface: Bool = false
  ) {
    self.name = name
    self.offset = offset
    self.layout = layout
    isInput = input
    isOutput = output
    isInterface = interface
  }
}

/// The contexts that `BPF_PROG_TEST_RUN` takes: what it lets be set, and what it hands back.
public struct ContextLayout: Hashable, Sendable {
  /// Bytes of the struct.
  public var size: Int
  public var fields: [ContextField]

  public subscript(name: String) -> ContextField? { fields.first { $0.name == name } }

  /// nil for types whose context is no struct (raw tracepoints, syscall), and for those that cannot
  /// be run.
  public static func of(_ type: ProgramType) -> ContextLayout? {
    switch type {
    case .xdp: xdp
    case .socketFilter, .schedCls, .schedAct, .cgroupSkb, .lwtIn, .lwtOut, .lwtXmit,
      .lwtSeg6local:
      skb
    case .skLookup: skLookup
    case .flowDissector: flowKeys
    case .netfilter: netfilter
    default: nil
    }
  }

  private static let u8 = Layout.integer(size: 1, signed: false, bigEndian: false)
  private static let u16 = Layout.integer(size: 2, signed: false, bigEndian: false)
  private static let u32 = Layout.integer(size: 4, signed: false, bigEndian: false)
  private static let u64 = Layout.integer(size: 8, signed: false, bigEndian: false)
  private static let be16 = Layout.integer(size: 2, signed: false, bigEndian: true)
  private static let be32 = Layout.integer(size: 4, signed: false, bigEndian: true)

  /// `struct xdp_md`; where the packet begins and ends is set by what is run.
  private static let xdp = ContextLayout(
    size: 24,
    fields: [
      ContextField("ingress_ifindex", 12, u32, output: false, interface: true),
      ContextField("rx_queue_index", 16, u32, output: false),
    ])

  /// `struct __sk_buff`.
  private static let skb = ContextLayout(
    size: 192,
    fields: [
      ContextField("mark", 8, u32), ContextField("priority", 32, u32),
      ContextField("ingress_ifindex", 36, u32, interface: true),
      ContextField("ifindex", 40, u32, interface: true),
      ContextField("cb", 48, .array(u32, count: 5)), ContextField("tstamp", 152, u64),
      ContextField("wire_len", 160, u32), ContextField("gso_segs", 164, u32),
      ContextField("gso_size", 176, u32), ContextField("hwtstamp", 184, u64),
    ])

  /// `struct bpf_sk_lookup`.
  private static let skLookup = ContextLayout(
    size: 72,
    fields: [
      ContextField("family", 8, constants([("AF_INET", 2), ("AF_INET6", 10)], 4), output: false),
      ContextField(
        "protocol", 12, constants([("IPPROTO_TCP", 6), ("IPPROTO_UDP", 17)], 4), output: false),
      ContextField("remote_ip4", 16, .ipv4, output: false),
      ContextField("remote_ip6", 20, .ipv6, output: false),
      ContextField("remote_port", 36, be16, output: false),
      ContextField("local_ip4", 40, .ipv4, output: false),
      ContextField("local_ip6", 44, .ipv6, output: false),
      ContextField("local_port", 60, u32, output: false),
    ])

  /// `struct bpf_flow_keys`: only the flags go in, all of it comes back.
  private static let flowKeys = ContextLayout(
    size: 56,
    fields: [
      ContextField("nhoff", 0, u16, input: false), ContextField("thoff", 2, u16, input: false),
      ContextField("addr_proto", 4, u16, input: false),
      ContextField("is_frag", 6, u8, input: false),
      ContextField("is_first_frag", 7, u8, input: false),
      ContextField("is_encap", 8, u8, input: false), ContextField("ip_proto", 9, u8, input: false),
      ContextField("n_proto", 10, be16, input: false),
      ContextField("sport", 12, be16, input: false), ContextField("dport", 14, be16, input: false),
      ContextField("ipv4_src", 16, .ipv4, input: false),
      ContextField("ipv4_dst", 20, .ipv4, input: false),
      ContextField("ipv6_src", 16, .ipv6, input: false),
      ContextField("ipv6_dst", 32, .ipv6, input: false), ContextField("flags", 48, u32),
      ContextField("flow_label", 52, be32, input: false),
    ])

  /// The beginning of `struct nf_hook_state`; the rest are pointers, which have to be zero.
  private static let netfilter = ContextLayout(
    size: 48,
    fields: [
      ContextField(
        "hook", 0,
        constants(
          [
            ("prerouting", 0), ("input", 1), ("forward", 2), ("output", 3), ("postrouting", 4),
          ], 1), output: false),
      ContextField("pf", 1, constants([("ipv4", 2), ("ipv6", 10)], 1), output: false),
    ])

  private static func constants(_ names: [(String, UInt64)], _ size: Int) -> Layout {
    .enumeration(
      size: size, signed: false,
      constants: names.map { Layout.Constant(name: $0.0, value: $0.1) })
  }
}
