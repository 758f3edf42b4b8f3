extension Grammar {
  static let test = Block(
    "test", "A run of the program that has to go so before anything goes live.",
    [
      Field("name", .scalar(.string), required: true, "What it shows, in words."),
      Field(
        "packet", .block(packet), "What the program runs on, for types that run on packets."),
      Field(
        "ctx", .namedData,
        "Fields of the context: mark of __sk_buff, ingress_ifindex of xdp_md …; args of a raw "
          + "tracepoint, hex of a syscall program."),
      Field(
        "repeat", .scalar(.integer(1...1_000_000)), default: "1",
        "How often it runs, each time on what the run before left."),
      Field(
        "entries", .section(key: .reference, of: .list(of: .block(item))),
        "What is in maps besides what they declare: REF: [{key: …, value: …}]."),
      Field("expect", .block(expectation), required: true, "What has to be so afterwards."),
    ])

  static let expectation = Block(
    "expectation", "What has to be so after a test; what is not said does not matter.",
    [
      Field(
        "return", .scalar(.string),
        "What the program returns, by name (XDP_DROP, TC_ACT_OK, SK_PASS …) or as a number."),
      Field("packet", .block(packet), "The packet as the program leaves it."),
      Field("ctx", .namedData, "Fields of the context as the program leaves it."),
      Field(
        "entries", .section(key: .reference, of: .list(of: .block(expectedEntry))),
        "What is in maps, among others: REF: [{key: …, value: …}]."),
    ])

  static let expectedEntry = Block(
    "entry", "An entry that has to be in a map, or a key that must not be.",
    exclusive: [.init("thing to expect", ["value", "absent"], required: true)],
    [
      Field("key", .data, required: true, "The key."),
      Field(
        "value", .data,
        "The value; in a per-CPU map that of the CPU which ran the program."),
      Field("absent", .scalar(.boolean), "true: the key is not there."),
    ])

  static let packet = Block(
    "packet", "A packet: as hex, from a capture, or by its headers, whose rest is filled in.",
    exclusive: [
      .init("network header", ["arp", "ipv4", "ipv6"], required: false),
      .init("transport header", ["tcp", "udp", "icmp", "icmpv6"], required: false),
      .init("kind of packet", ["hex", "file"], required: false),
    ],
    [
      Field("hex", .scalar(.hex), "All of it, from the Ethernet header on."),
      Field("file", .scalar(.path), "A pcap or pcapng file, relative to the manifest."),
      Field(
        "frame", .scalar(.integer(1...Int64(Int32.max))), default: "1",
        "Which packet of the file, the first being 1."),
      Field("eth", .block(ethernet), "The Ethernet header, if not the usual one."),
      Field("vlan", .oneOrMore(.block(vlan)), "A VLAN tag, or a list of them, outermost first."),
      Field("arp", .block(arp), "An ARP packet."),
      Field("ipv4", .block(ipv4), "The IPv4 header."),
      Field("ipv6", .block(ipv6), "The IPv6 header."),
      Field("tcp", .block(tcp), "The TCP header."),
      Field("udp", .block(udp), "The UDP header."),
      Field("icmp", .block(icmp(8)), "The ICMP header."),
      Field("icmpv6", .block(icmp(128)), "The ICMPv6 header."),
      Field(
        "payload", .orMapping(.scalar(.string), .block(payload)),
        "What follows the headers: text, {hex: …} or {length: N} for so many zeros."),
    ])

  static let ethernet = Block(
    "Ethernet header", "An Ethernet header.",
    [
      Field("src", .scalar(.mac), default: "02:00:00:00:00:01", "The sender."),
      Field("dst", .scalar(.mac), default: "02:00:00:00:00:02", "The receiver."),
      Field("type", number(UInt16.max), "The EtherType, if not what follows says."),
    ])

  static let vlan = Block(
    "VLAN tag", "An 802.1Q tag.",
    [
      Field("id", number(UInt16(4095)), required: true, "The VLAN."),
      Field("priority", number(UInt8(7)), default: "0", "The priority code point."),
      Field("type", number(UInt16.max), default: "0x8100", "The tag's EtherType."),
    ])

  static let arp = Block(
    "ARP packet", "Who has an IPv4 address.",
    [
      Field("op", number(UInt16.max), default: "1", "1 asks, 2 answers."),
      Field("sender_mac", .scalar(.mac), "The sender, if not that of the Ethernet header."),
      Field("sender_ip", .scalar(.ipv4), default: "192.0.2.1", "The sender's address."),
      Field("target_mac", .scalar(.mac), default: "00:00:00:00:00:00", "The target."),
      Field("target_ip", .scalar(.ipv4), default: "192.0.2.2", "The address that is asked for."),
    ])

  static let ipv4 = Block(
    "IPv4 header", "An IPv4 header without options.",
    [
      Field("src", .scalar(.ipv4), default: "192.0.2.1", "The source."),
      Field("dst", .scalar(.ipv4), default: "192.0.2.2", "The destination."),
      Field("tos", number(UInt8.max), default: "0", "DSCP and ECN."),
      Field("ttl", number(UInt8.max), default: "64", "How many routers it passes."),
      Field("id", number(UInt16.max), default: "0", "The identification."),
      Field("df", .scalar(.boolean), default: "false", "It must not be fragmented."),
      Field("mf", .scalar(.boolean), default: "false", "More fragments follow."),
      Field(
        "offset", number(UInt16(65528)), default: "0",
        "Where the fragment stands, in bytes: a multiple of 8."),
      Field("protocol", number(UInt8.max), "The protocol, if not what follows says."),
    ])

  static let ipv6 = Block(
    "IPv6 header", "An IPv6 header without extensions.",
    [
      Field("src", .scalar(.ipv6), default: "2001:db8::1", "The source."),
      Field("dst", .scalar(.ipv6), default: "2001:db8::2", "The destination."),
      Field("traffic_class", number(UInt8.max), default: "0", "DSCP and ECN."),
      Field("flow_label", number(UInt32(0xf_ffff)), default: "0", "The flow label."),
      Field("hop_limit", number(UInt8.max), default: "64", "How many routers it passes."),
      Field("next_header", number(UInt8.max), "The protocol, if not what follows says."),
    ])

  static let tcpFlags = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"]

  static let tcp = Block(
    "TCP header", "A TCP header without options.",
    [
      Field("sport", number(UInt16.max), default: "49152", "The source port."),
      Field("dport", number(UInt16.max), required: true, "The destination port."),
      Field("seq", number(UInt32.max), default: "0", "The sequence number."),
      Field("ack", number(UInt32.max), default: "0", "The acknowledged number."),
      Field(
        "flags", .list(of: .scalar(.choice(tcpFlags.map { .init($0, $0.uppercased()) }))),
        default: "[syn]", "The flags that are set."),
      Field("window", number(UInt16.max), default: "65535", "The window."),
    ])

  static let udp = Block(
    "UDP header", "A UDP header.",
    [
      Field("sport", number(UInt16.max), default: "49152", "The source port."),
      Field("dport", number(UInt16.max), required: true, "The destination port."),
    ])

  static func icmp(_ type: Int) -> Block {
    Block(
      "ICMP header", "The header of an echo request or another message.",
      [
        Field("type", number(UInt8.max), default: "\(type)", "The type of message."),
        Field("code", number(UInt8.max), default: "0", "The code."),
        Field("id", number(UInt16.max), default: "0", "The identifier of an echo."),
        Field("seq", number(UInt16.max), default: "0", "The sequence number of an echo."),
      ])
  }

  static let payload = Block(
    "payload", "What follows the headers.",
    exclusive: [.init("kind of payload", ["hex", "length"], required: true)],
    [
      Field("hex", .scalar(.hex), "The bytes."),
      Field("length", number(UInt16.max), "As many zeros."),
    ])

  private static func number(_ highest: some FixedWidthInteger) -> Shape {
    .scalar(.integer(0...Int64(highest)))
  }
}
