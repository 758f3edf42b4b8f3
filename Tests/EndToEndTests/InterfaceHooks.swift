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
      name: "tcx", needs: .linux(6, 6), witnesses: [.links, .net],
      effect: { _ in try Uplink.reaches("10.9.0.2") && !Uplink.reaches("10.9.0.3") }),
    HookExample(
      // Priority and handle say that it is the manifest's.
      name: "tc", needs: .linux(4, 5),
      deed: .other(["its filter is gone"]) { _ in
        try Sandbox.run(["tc", "filter", "del", "dev", "uplink", "egress"]).succeeded()
      }, witnesses: [.net],
      effect: { _ in try Uplink.reaches("10.9.0.2") && !Uplink.reaches("10.9.0.3") }),
  ]
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
