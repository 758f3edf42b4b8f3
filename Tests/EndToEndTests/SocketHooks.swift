import Glibc
import Sandbox

/// Hooks on maps of sockets.
extension HookExample {
  static let socketHooks = [
    HookExample(
      name: "sk_msg", needs: .linux(6, 10),
      effect: { scene in
        let server = try Listener(port: 7779)
        return try scene.inCgroup {
          let client = TestSocket(SOCK_STREAM)
          guard client.connect(to: 0x7f00_0001, server.port) == 0 else { return false }
          return client.write("hello") == 0 && client.write("secret plan") == EACCES
        }
      }),
    HookExample(
      name: "sk_skb", needs: .linux(6, 10),
      effect: { scene in
        // A connection that is accepted is in the cgroup of the socket that listened.
        let server = try scene.inCgroup { try Listener(port: 7777) }
        let client = TestSocket(SOCK_STREAM)
        guard client.connect(to: 0x7f00_0001, server.port) == 0 else { return false }
        return withExtendedLifetime(server.accept()) {
          client.write("ping") == 0 && client.read(within: 300) == "ping"
        }
      }),
  ]
}
