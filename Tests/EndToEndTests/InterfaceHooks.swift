import Sandbox

/// Hooks on network interfaces.
extension HookExample {
  static let interfaceHooks = [
    HookExample(
      name: "xdp", needs: .linux(5, 9), witnesses: [.links, .net, .ipLink],
      effect: { _ in try Uplink.drops(from: "10.9.0.3") }),
    HookExample(
      name: "xdp_generic", needs: .linux(5, 9), witnesses: [.links, .net, .ipLink],
      effect: { _ in
        let large = ["-s", "800"]
        return try Uplink.answers(of: 1) == 1 && Uplink.answers(of: 1, large) == 0
      }),
    HookExample(
      name: "freplace", needs: .extensions, deed: .unpin,
      effect: { _ in try Uplink.drops(from: "10.9.0.3") }),
    HookExample(
      name: "tcx", needs: .linux(6, 6), witnesses: [.links, .net],
      effect: { _ in try Uplink.reaches("10.9.0.2") && !Uplink.reaches("10.9.0.3") }),
    HookExample(
      name: "netkit", needs: .option("CONFIG_NETKIT", since: 6, 7),
      prepare: { _ in try Container.make() },
      effect: { _ in try Container.reaches("10.10.0.1") && !Container.reaches("10.10.0.3") }),
    HookExample(
      // Priority and handle say that it is the manifest's.
      name: "tc", needs: .linux(4, 5),
      deed: .other(["its filter is gone"]) { _ in
        try Sandbox.run(["tc", "filter", "del", "dev", "uplink", "egress"]).succeeded()
      }, witnesses: [.net],
      effect: { _ in try Uplink.reaches("10.9.0.2") && !Uplink.reaches("10.9.0.3") }),
  ]
}

/// A netkit pair: `pod0` with the addresses 10.10.0.1 and 10.10.0.3, and its peer in the network namespace
/// `peer`.
private enum Container {
  static func make() throws {
    // The peer is named by the kernel; this iproute2 may know nothing of such pairs.
    let commands = [
      "ip link add pod0 type netkit", "ip link set nk0 netns peer",
      "ip -n peer link set nk0 name pod0",
      "ip address add 10.10.0.1/24 dev pod0", "ip address add 10.10.0.3/24 dev pod0",
      "ip link set pod0 up", "ip -n peer address add 10.10.0.2/24 dev pod0",
      "ip -n peer link set pod0 up",
    ]
    for command in commands {
      try Sandbox.run(command.split(separator: " ").map(String.init)).succeeded()
    }
  }

  /// Whether the container gets an answer from an address of the host's.
  static func reaches(_ address: String) throws -> Bool {
    try Sandbox.run(
      ["ip", "netns", "exec", "peer", "ping", "-q", "-n", "-c", "1", "-W", "1", address]
    ).status == 0
  }
}

extension Uplink {
  /// Whether pings from that address of the peer get lost, and those from the other do not.
  static func drops(from source: String) throws -> Bool {
    try answers(of: 1) == 1 && answers(of: 1, from: source) == 0
  }

  /// Whether an address of the peer answers.
  static func reaches(_ address: String) throws -> Bool {
    try Sandbox.run(["ping", "-q", "-n", "-c", "1", "-W", "1", address]).status == 0
  }
}
