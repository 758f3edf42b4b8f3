import Glibc
import Sandbox

/// Hooks of a network namespace.
extension HookExample {
  static let namespaceHooks = [
    HookExample(
      name: "sk_lookup", needs: .linux(5, 9),
      effect: { _ in
        let listeners = try [Listener(port: 7777), Listener(port: 7778)]
        let results = listeners.map {
          TestSocket(SOCK_STREAM).connect(to: 0x7f00_0001, $0.port)
        }
        return results == [ECONNREFUSED, 0]
      }),
    HookExample(
      name: "flow_dissector", needs: .linux(5, 8), witnesses: [.links, .net],
      effect: { scene in
        let distributor = try FlowDistributor()
        return try withExtendedLifetime(distributor) {
          try scene.moves("dissected") { _ = try Uplink.reaches("10.9.0.2") }
        }
      }),
    HookExample(
      // A detached link still tells its place, and nothing tells that it is detached.
      name: "netfilter", needs: .linux(6, 4), keepsLinks: false,
      effect: { _ in try Uplink.drops(from: "10.9.0.3") }),
  ]
}

/// A packet socket whose packets are distributed by flow, so that the kernel has to find the flows.
private final class FlowDistributor {
  private let descriptor: Int32

  init() throws {
    let internetProtocol = UInt16(0x0800)
    descriptor = socket(
      AF_PACKET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue),
      Int32(internetProtocol.bigEndian))
    // The group 1, PACKET_FANOUT_HASH.
    var group: UInt32 = 1
    let (level, fanout): (Int32, Int32) = (263, 18)
    let size = socklen_t(MemoryLayout<UInt32>.size)
    guard setsockopt(descriptor, level, fanout, &group, size) == 0 else {
      throw SandboxError("PACKET_FANOUT: errno \(errno)")
    }
  }

  deinit { close(descriptor) }
}
