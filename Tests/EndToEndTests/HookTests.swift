import BPFKernel
import Glibc
import Sandbox
import Testing

/// Where a program of Tests/Fixtures/hooks.bpf.c is put.
private struct Place {
  /// The program is `at_NAME`.
  var name: String
  /// The hook block; empty where the section says it all.
  var block = ""
  /// Where the link is pinned, below the attachment's name.
  var instance = ""
  /// LINK_UPDATE swaps its program.
  var updates = true

  /// In the order of the fixture: the index is the slot that the program counts in.
  static func all(cgroup: String) -> [Place] {
    let cgroupPrograms = [
      "skb_ingress", "skb_egress", "sock_create", "sock_release", "post_bind4", "post_bind6",
      "bind4", "bind6", "connect4", "connect6", "connect_unix", "sendmsg4", "sendmsg6",
      "sendmsg_unix", "recvmsg4", "recvmsg6", "recvmsg_unix", "getpeername4", "getpeername6",
      "getpeername_unix", "getsockname4", "getsockname6", "getsockname_unix", "sysctl",
      "getsockopt", "setsockopt", "device", "sockops",
    ]
    return [
      Place(
        name: "xdp_native", block: "xdp: {interface: uplink, mode: native}", instance: "/uplink"),
      Place(name: "xdp_generic", block: "xdp: {interface: lo, mode: generic}", instance: "/lo"),
      Place(name: "tcx_ingress", block: "tcx: {interface: uplink}", instance: "/uplink"),
      Place(name: "tcx_egress", block: "tcx: {interface: uplink}", instance: "/uplink"),
      Place(name: "sk_lookup", block: "sk_lookup: {}"),
      Place(name: "flow_dissector", block: "flow_dissector: {}"),
      Place(
        name: "netfilter", block: "netfilter: {pf: ipv4, hook: input, priority: 7}",
        updates: false),
      Place(name: "tracepoint", updates: false),
      Place(name: "raw_tracepoint", updates: false),
      Place(name: "tp_btf", updates: false),
    ]
      + cgroupPrograms.map {
        Place(name: $0, block: "cgroup: {path: \(cgroup)}", instance: cgroup)
      } + [
        Place(name: "uprobe", updates: false),
        Place(
          name: "uretprobe", block: "uprobe: {path: libc.so.6, function: getpid}", updates: false),
        Place(name: "iter"),
      ]
  }

  var line: String {
    let gap = name == "netfilter" ? ", allow_gap: true" : ""
    return "  \(name): {program: h/at_\(name)\(block.isEmpty ? "" : ", \(block)")\(gap)}"
  }
}

@Suite struct HookTests {
  @Test(.kernel) func `every hook is taken, left alone, upgraded and given up`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment("hooks")
        let places = Place.all(cgroup: cgroup.path)
        try deployment.compile("hooks")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {h: {file: hooks.bpf.o}}
          attachments:
          \(places.map(\.line).joined(separator: "\n"))
          """)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let runs = "\(deployment.pins)/maps/h/runs"
        func pin(_ place: Place) -> String {
          "\(deployment.pins)/attachments/\(place.name)\(place.instance)"
        }
        func count(_ name: String) throws -> Int {
          guard let slot = places.firstIndex(where: { $0.name == name }) else { return 0 }
          return try Pinned.counter(runs, UInt32(slot))
        }

        let interfaces = try NetworkInterface.all()
        let uplink = interfaces.first { $0.name == "uplink" }?.xdp
        let loopback = interfaces.first { $0.name == "lo" }?.xdp
        try check(uplink?.native != nil && uplink?.generic == nil, "XDP is not native on uplink")
        try check(loopback?.generic != nil && loopback?.native == nil, "XDP is not generic on lo")
        try Traffic.make(in: cgroup)
        try check(count("iter") == 0, "at_iter ran although nobody read it")
        try Sandbox.run(["cat", "\(deployment.pins)/attachments/iter"]).succeeded()
        // flow_dissector waits for a packet whose flow has to be told, unix sockets for a client.
        for name in [
          "xdp_native", "xdp_generic", "tcx_ingress", "tcx_egress", "sk_lookup", "netfilter",
          "tracepoint", "raw_tracepoint", "tp_btf", "sock_create", "sock_release", "connect4",
          "skb_egress", "skb_ingress", "sockops", "device", "sysctl", "uprobe", "uretprobe", "iter",
        ] {
          try check(count(name) > 0, "at_\(name) did not run")
        }

        var before: [String: LinkInfo] = [:]
        for place in places { before[place.name] = try Pinned.link(pin(place)).info() }
        try deployment.compile("hooks", options: ["-DRELEASE=2"])
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        for place in places {
          let link = try Pinned.link(pin(place)).info()
          try check(
            link.programID != before[place.name]?.programID, "\(place.name) runs the old one")
          try check(
            (link.id == before[place.name]?.id) == place.updates,
            "\(place.name): link \(before[place.name]?.id ?? 0), then \(link.id)")
        }
        let counted = try count("connect4")
        try Traffic.make(in: cgroup)
        try check(count("connect4") >= counted + 2, "the new program did not run")

        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
        for place in places {
          try check(access(pin(place), F_OK) != 0, "\(pin(place)) is still there")
        }
      }
    }
  }
}

/// Something for every hook to see.
private enum Traffic {
  static func make(in cgroup: borrowing TemporaryCgroup) throws {
    _ = try Uplink.answers(of: 2)
    try Sandbox.run(["ping", "-q", "-c", "1", "127.0.0.1"]).succeeded()
    // A refused connection is one, too: to a port of the host's where nobody listens.
    let inside = """
      echo $$ >\(cgroup.directory)/cgroup.procs
      (exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null
      cat /proc/sys/kernel/ostype >/dev/null
      head -c 1 /dev/zero >/dev/null
      ping -q -c 1 127.0.0.1 >/dev/null
      """
    try Sandbox.run(["bash", "-c", inside]).succeeded()
    try Sandbox.run(
      ["ip", "netns", "exec", "peer", "bash", "-c", "(exec 3<>/dev/tcp/10.9.0.1/9) 2>/dev/null; :"]
    ).succeeded()
    // The last process has left the cgroup.
    try eventually("an empty cgroup") {
      try Sandbox.read(cgroup.directory + "/cgroup.procs").isEmpty
    }
  }
}
