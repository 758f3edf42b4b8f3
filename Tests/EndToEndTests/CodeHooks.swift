import Glibc
import Sandbox

/// Hooks at functions of the kernel and of programs, and functions that the kernel calls itself.
extension HookExample {
  static let codeHooks = [
    HookExample(
      name: "kprobe", needs: .option("CONFIG_KPROBE_EVENTS", since: 5, 15), deed: .unpin,
      keepsLinks: false, effect: { try $0.moves("opened", by: connect) }),
    HookExample(
      name: "uprobe", needs: .option("CONFIG_UPROBE_EVENTS", since: 5, 15), deed: .unpin,
      keepsLinks: false,
      effect: { scene in
        try scene.moves("asked") {
          var found: UnsafeMutablePointer<addrinfo>?
          if getaddrinfo("127.0.0.1", nil, nil, &found) == 0 { freeaddrinfo(found) }
        }
      }),
    HookExample(
      name: "fentry", needs: .unlessForbidden(5, 5), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("opened", UInt32(discard), by: connect) }),
    HookExample(
      name: "fexit", needs: .unlessForbidden(5, 5), deed: .unpin, keepsLinks: false,
      effect: { scene in
        // Of those that documents use; no route leads there.
        try scene.moves("results", UInt32(ENETUNREACH)) {
          _ = TestSocket(SOCK_STREAM).connect(to: 0xc000_0201, discard)
        }
      }),
    HookExample(
      name: "fmod_ret", needs: .unlessForbidden(5, 7), deed: .unpin, keepsLinks: false,
      effect: { _ in
        let cryptography: Int32 = 38
        let made = socket(cryptography, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { if made >= 0 { close(made) } }
        return made < 0 && errno == EPERM
      }),
    HookExample(
      name: "lsm", needs: .securityModule, deed: .unpin, keepsLinks: false,
      prepare: { try $0.deployment.write("secret", to: sealed) },
      effect: { scene in
        let file = open(scene.deployment.path(sealed), O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        return file < 0 && errno == EPERM
      }),
    HookExample(
      name: "iter", needs: .linux(5, 9), deed: .unpin,
      effect: { try $0.shows("processes", "process \(getpid()) ") }),
    HookExample(
      name: "iter_map", needs: .unlessForbidden(5, 9), deed: .unpin,
      effect: { try $0.shows("limits", "user 1001: at most 4096 bytes\n") }),
    HookExample(
      name: "iter_cgroup", needs: .linux(6, 1), deed: .unpin,
      effect: { scene in
        let name = scene.cgroup.path.split(separator: "/").last ?? "/"
        return try scene.shows("groups", " \(name)\n")
      }),
    HookExample(
      name: "iter_pid", needs: .linux(6, 1), deed: .unpin,
      effect: { scene in
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        return try scene.shows("files", "process \(getpid()): \(file) is inode ")
      }),
    HookExample(
      name: "struct_ops", needs: .unlessForbidden(6, 4), witnesses: [],
      effect: { _ in TestSocket(SOCK_STREAM).set(congestionControl: "bpf_steady") == 0 }),
  ]

  private static let sealed = "bpfapply.sealed"
  /// A port where nobody listens.
  private static let discard: UInt16 = 9

  private static func connect() { _ = TestSocket(SOCK_STREAM).connect(to: 0x7f00_0001, discard) }
}

extension HookScene {
  /// Whether the pin of an iterator reads so.
  fileprivate func shows(_ attachment: String, _ text: String) throws -> Bool {
    let pin = "\(deployment.pins)/attachments/\(attachment)"
    return try Sandbox.run(["cat", pin]).output.contains(text)
  }
}
