import Glibc
import Sandbox

/// Hooks of a cgroup.
extension HookExample {
  static let cgroupHooks = [
    cgroup("cgroup_skb") { scene in
      try scene.moves("bytes", 0) {
        try scene.inCgroup { _ = try Uplink.reaches("10.9.0.2") }
      }
    },
    cgroup("cgroup_sock", needs: .linux(5, 9)) { scene in
      try scene.inCgroup { TestSocket(SOCK_RAW, IPPROTO_UDP).error == EPERM }
    },
    cgroup("cgroup_post_bind") { scene in
      try scene.inCgroup { TestSocket(SOCK_STREAM).bind(to: loopback, 81) == EPERM }
    },
    cgroup("cgroup_bind") { scene in
      try scene.inCgroup {
        let socket = TestSocket(SOCK_STREAM)
        return socket.bind(to: loopback, 80) == 0 && socket.name(getsockname)?.port == 8080
      }
    },
    cgroup("cgroup_connect") { scene in
      let server = try Listener(port: 8080)
      return try scene.inCgroup {
        withExtendedLifetime(server) { TestSocket(SOCK_STREAM).connect(to: service, 80) == 0 }
      }
    },
    cgroup("cgroup_sendmsg") { scene in
      let server = try TestSocket(SOCK_DGRAM, boundTo: 5353)
      try scene.inCgroup { TestSocket(SOCK_DGRAM).send(to: nameServer, 53) }
      return server.receive() != nil
    },
    cgroup("cgroup_recvmsg") { scene in
      try scene.inCgroup {
        let client = try TestSocket(SOCK_DGRAM, boundTo: 5300)
        try TestSocket(SOCK_DGRAM, boundTo: 5353).send(to: loopback, 5300)
        let sender = client.receive()
        return sender?.host == nameServer && sender?.port == 53
      }
    },
    cgroup("cgroup_getpeername", needs: .linux(5, 8)) { scene in
      let server = try Listener(port: 8080)
      return try scene.inCgroup {
        let client = TestSocket(SOCK_STREAM)
        _ = client.connect(to: loopback, server.port)
        let peer = client.name(getpeername)
        return peer?.host == service && peer?.port == 80
      }
    },
    cgroup("cgroup_getsockname", needs: .linux(5, 8)) { scene in
      try scene.inCgroup {
        let name = try TestSocket(SOCK_DGRAM, boundTo: 8080).name(getsockname)
        return name?.host == service && name?.port == 80
      }
    },
    cgroup("cgroup_unix", needs: .linux(6, 7)) { scene in
      // Nobody listens there, which the kernel would say otherwise.
      try scene.inCgroup { TestSocket.connectsToNobody() == EPERM }
    },
    cgroup("cgroup_sysctl") { scene in
      try scene.inCgroup {
        let file = open("/proc/sys/net/ipv4/ip_default_ttl", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw SandboxError("ip_default_ttl: errno \(errno)") }
        defer { close(file) }
        return write(file, "64", 2) < 0 && errno == EPERM
      }
    },
    cgroup("cgroup_setsockopt") { scene in
      try scene.inCgroup { TestSocket(SOCK_DGRAM).set(IP_TOS, 0x10) == EPERM }
    },
    cgroup("cgroup_getsockopt") { scene in
      try scene.inCgroup { TestSocket(SOCK_DGRAM).value(of: IP_TTL) == 42 }
    },
    cgroup("cgroup_device") { scene in
      try scene.inCgroup {
        let file = open("/dev/full", O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        return file < 0 && errno == EPERM
      }
    },
    cgroup("lsm_cgroup", needs: .cgroupSecurityModule) { scene in
      let packets: Int32 = 17
      return try scene.inCgroup {
        let made = socket(packets, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { if made >= 0 { close(made) } }
        return made < 0 && errno == EPERM
      }
    },
    cgroup("sock_ops") { scene in
      let server = try Listener(port: 8080)
      return try scene.moves("connections", 0) {
        try scene.inCgroup { _ = TestSocket(SOCK_STREAM).connect(to: loopback, server.port) }
      }
    },
  ]

  /// Where the examples' servers are, and the addresses that clients know them by.
  private static let loopback: UInt32 = 0x7f00_0001
  private static let service: UInt32 = 0x0a60_0001
  private static let nameServer: UInt32 = 0x0a60_000a

  private static func cgroup(
    _ name: String, needs: HookNeed = .linux(5, 7),
    effect: @escaping @Sendable (borrowing HookScene) throws -> Bool
  ) -> HookExample {
    // bpftool asks for flags of programs, which kernels before 6.0 do not tell.
    let tellsFlags = Sandbox.kernelVersion >= (6, 0)
    return HookExample(
      name: name, needs: needs, witnesses: tellsFlags ? [.links, .cgroups] : [.links],
      effect: effect)
  }
}
