internal import BPFObject

extension Grammar {
  static let hooks = [
    "xdp", "tcx", "cgroup", "sk_lookup", "flow_dissector", "netfilter", "tracepoint",
    "raw_tracepoint", "netkit", "tc", "sk_skb", "sk_msg", "struct_ops", "kprobe", "kprobe_multi",
    "uprobe", "uprobe_multi", "usdt", "perf_event", "iter", "lirc",
  ]

  static let attachment = Block(
    "attachment", "A program at a hook; without a hook block, the one that its section names.",
    exclusive: [
      .init("hook block", hooks, required: false),
      .init("thing to attach", ["program", "struct_ops"], required: true),
    ],
    [
      Field(
        "program", .scalar(.qualifiedReference), "The program to attach; struct_ops has none."),
      Field("cookie", .scalar(.unsigned), "What bpf_get_attach_cookie returns at this hook."),
      Field(
        "adopt", .scalar(.adoption),
        "The pin of a link that becomes this manifest's, or true for what is attached without one."),
      Field(
        "allow_gap", .scalar(.boolean), default: "false",
        "The hook may be empty for a moment where the kernel cannot swap programs."),
      Field("xdp", .block(xdp), "Packets as the driver of an interface receives them."),
      Field("tcx", .block(tcx), "Packets at an interface's ingress or egress."),
      Field("netkit", .block(netkit), "What a pair of netkit devices sends."),
      Field("tc", .block(filter), "Packets at an interface, by a classic filter."),
      Field("cgroup", .block(cgroup), "What the processes of a cgroup do."),
      Field(
        "sk_lookup", .block(networkNamespace("sk_lookup", "Socket lookup")),
        "The choice of a socket for a packet in a network namespace."),
      Field(
        "flow_dissector", .block(networkNamespace("flow_dissector", "Flow dissection")),
        "The dissection of packets in a network namespace."),
      Field("netfilter", .block(netfilter), "A netfilter hook in a network namespace."),
      Field("tracepoint", .block(tracepoint), "A tracepoint of the kernel."),
      Field("struct_ops", .block(structOps), "Operations of the kernel that a map implements."),
      Field("raw_tracepoint", .block(rawTracepoint), "A tracepoint with its raw arguments."),
      Field("kprobe", .block(kprobe), "A place in the kernel's code."),
      Field("uprobe", .block(uprobe), "A place in the code of a program or library."),
      Field("perf_event", .block(perfEvent), "Samples of a performance counter."),
      Field("kprobe_multi", .block(kprobeMulti), "Many kernel functions."),
      Field("uprobe_multi", .block(uprobeMulti), "Many functions of a program or library."),
      Field("usdt", .block(usdt), "A static probe of a program or library."),
      Field("iter", .block(iterator), "A walk over kernel objects."),
    ]
      + socketHooks
      + [
        ("lirc", "An infrared receiver.")
      ].map { Field($0.0, .later("the hook block '\($0.0)'"), supported: false, $0.1) })

  static let interfaces = Field(
    "interface",
    .orMapping(.oneOrMore(.scalar(.interface)), .block(interfaceSelector)), required: true,
    "The interface, a list of them, or what they are like: one attachment for each.")

  static let interfaceSelector = Block(
    "selector", "Interfaces by what they are like; those that come and go are planned.",
    [
      Field(
        "name", .oneOrMore(.scalar(.interfacePattern)), "Their names, with * and ? for any bytes."),
      Field(
        "except", .oneOrMore(.scalar(.interfacePattern)), "Names that are not meant."),
      Field(
        "kind", .oneOrMore(.scalar(.string)), "veth, bridge, vlan …, as ip -details link has it."),
      Field("driver", .oneOrMore(.scalar(.string)), "The driver, as ethtool -i has it."),
      Field(
        "group", .scalar(.integer(0...Int64(UInt32.max))), "The number of their group."),
      Field("up", .scalar(.boolean), "Whether they are set up."),
    ])

  static let netns = Field(
    "netns", .scalar(.string), default: "own",
    "The network namespace: own, a name of `ip netns`, or a path.")

  static let exclusive = Field(
    "exclusive", .scalar(.boolean), default: "false", "A foreign program on the hook is drift.")

  static let xdp = Block(
    "xdp", "Packets as the driver of an interface receives them.",
    [
      interfaces, netns,
      Field(
        "mode",
        .scalar(
          .choice([
            .init("auto", "What the driver can; not compared."),
            .init("native", "In the driver."), .init("generic", "Behind the driver."),
            .init("offload", "On the card.", supported: false),
          ])), default: "auto", "Where the program runs."),
      exclusive,
    ])

  static let tcx = Block(
    "tcx", "Packets at an interface's ingress or egress.",
    [
      interfaces, netns, direction, order, exclusive,
    ])

  static let direction = Field(
    "direction",
    .scalar(.choice([.init("ingress", "Received."), .init("egress", "To be sent.")])),
    "Which packets, if not what the section says.")

  static let cgroup = Block(
    "cgroup", "What the processes of a cgroup and those below it do.",
    [
      Field(
        "path", .oneOrMore(.scalar(.path)), required: true,
        "The cgroup's path below the cgroup2 root, or a list of them."),
      Field(
        "attach_type",
        .scalar(
          .choice(
            AttachType.names.filter { $0.hasPrefix("cgroup_") || $0 == "lsm_cgroup" }.map {
              .init($0, $0)
            })), "Which event, if not what the section says."),
      order, preorder, exclusive,
    ])

  static func networkNamespace(_ title: String, _ doc: String) -> Block {
    Block(title, "\(doc) in a network namespace.", [netns, exclusive])
  }

  static let netfilter = Block(
    "netfilter", "A netfilter hook in a network namespace.",
    [
      Field(
        "pf", .scalar(.choice([.init("ipv4", "IPv4."), .init("ipv6", "IPv6.")])), required: true,
        "The protocol family."),
      Field(
        "hook",
        .scalar(
          .choice(
            ["prerouting", "input", "forward", "output", "postrouting"].map { .init($0, $0) })),
        required: true, "Where on a packet's way."),
      Field(
        "priority", .scalar(.integer(Int64(Int32.min) + 1...Int64(Int32.max) - 1)), default: "0",
        "The order among the hook's functions, lowest first."),
      Field(
        "defrag", .scalar(.boolean), default: "false", "Fragments are put together before."),
      netns,
    ])

  static let tracepoint = Block(
    "tracepoint", "A tracepoint of the kernel.",
    [Field("name", .scalar(.tracepoint), required: true, "category:event")])

  static let rawTracepoint = Block(
    "raw_tracepoint", "A tracepoint with its raw arguments.",
    [Field("name", .scalar(.string), required: true, "The tracepoint's name.")])

  static let structOps = Block(
    "struct_ops", "Operations of the kernel that a map implements.",
    [Field("map", .scalar(.reference), required: true, "The map, of a section .struct_ops.link.")])
}
