import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Security hooks of a cgroup (lsm_cgroup): several programs on one hook, and hooks that share an attach
/// type but nothing else.
@Suite struct SecurityHookTests {
  @Test(.kernel, .since(6, 0)) func `programs on one hook keep out of each other's way`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        if let words = try HookNeed.cgroupSecurityModule.refusal() {
          print("no BPF among the security modules (\(words)); skipped")
          return
        }
        let scene = try Guarded()
        guard try scene.isAllowed() else { return }
        try scene.write(
          [
            "packets: {program: s/packets, %}", "routes: {program: s/routes, %}",
            "servers: {program: s/servers, %}",
          ])
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.denies([Guarded.packet, Guarded.route, Guarded.listen])

        // One of the two on a hook is swapped; the other and the third stay as they are.
        let links = try scene.links()
        try scene.compile(release: 2)
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try check(scene.links().mapValues(\.id) == links.mapValues(\.id), "\(links)")
        try scene.denies([Guarded.packet, Guarded.route, Guarded.listen, Guarded.local])

        // The kernel swaps programs of one hook only.
        let servers = try Program(id: links["servers"]?.programID ?? 0)
        let other = try Link(id: links["routes"]?.id ?? 0)
        var refusal: Errno?
        do throws(KernelError) {
          try other.update(to: servers)
        } catch {
          refusal = error.errno
        }
        try check(refusal != nil, "a link went over to another security hook")
        print("LINK_UPDATE to another security hook: \(refusal.map { "\($0)" } ?? "-")")
        try scene.deployment.isSettled()

        // Somebody else's program, on one of the hooks.
        let foreign = try scene.foreign()
        try scene.deployment.plan(saying: "packets", "not ours", "LSM hook socket_post_create")
        let text = try scene.deployment.plan().output
        try check(!text.contains("LSM hook socket_listen"), text)
        try scene.write(
          [
            "packets: {program: s/packets, %exclusive: true}",
            "servers: {program: s/servers, %exclusive: true}",
          ])
        try scene.deployment.plan(
          status: 4, saying: "LSM hook socket_post_create of", "is exclusive",
          "attachment.routes/\(scene.instance) will be deleted")
        try foreign.detach()
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.denies([Guarded.packet, Guarded.listen, Guarded.local])

        // Another hook of the same cgroup is another place.
        try scene.write(["packets: {program: s/servers, %}"])
        try scene.deployment.plan(
          status: 2, saying: "attachment.packets/\(scene.instance) will be replaced",
          "socket_listen")
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.denies([Guarded.listen])
        try scene.write(["lost: {program: s/lost, %}"])
        try scene.deployment.plan(
          status: 4, saying: "this kernel has no LSM hook no_such_hook")
        try scene.deployment.bpfapply(
          "destroy", "--auto-approve", scene.deployment.owner, saying: "Done")
        try scene.denies([])
      }
    }
  }
}

/// A cgroup, and what its processes are denied.
private struct Guarded: ~Copyable {
  let deployment: Deployment
  let cgroup: TemporaryCgroup

  struct Deed: Sendable {
    var name: String
    var isDenied: @Sendable () -> Bool
  }

  static let packet = Deed(name: "packet") { isDenied(family: 17) }
  static let route = Deed(name: "route") { isDenied(family: 16) }
  static let local = Deed(name: "local") { isDenied(family: 1) }
  static let listen = Deed(name: "listen") {
    let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(made) }
    return Glibc.listen(made, 81) < 0 && errno == EPERM
  }

  init() throws {
    let deployment = try Deployment("guarded")
    let cgroup = try TemporaryCgroup()
    try deployment.compile("security", options: ["-DRELEASE=1"])
    self.deployment = deployment
    self.cgroup = cgroup
  }

  var instance: String { cgroup.path.split(separator: "/").joined(separator: "/") }

  /// The kernel may have no sockets of the family, which is another errno.
  private static func isDenied(family: Int32) -> Bool {
    let type = family == 1 ? SOCK_STREAM : SOCK_RAW
    let made = socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { if made >= 0 { close(made) } }
    return made < 0 && errno == EPERM
  }

  func compile(release: Int) throws {
    try deployment.compile("security", options: ["-DRELEASE=\(release)"])
  }

  /// Whether anybody may load such programs here.
  func isAllowed() throws -> Bool {
    let result = try Sandbox.run(
      [
        HookWitness.bpftool, "prog", "load", "security.bpf.o", "/sys/fs/bpf/probe", "autoattach",
      ], directory: deployment.directory)
    _ = try Sandbox.run(["rm", "-rf", "/sys/fs/bpf/probe"])
    guard result.errors.contains("not permitted") else { return true }
    print("lsm_cgroup programs are refused here (EPERM); skipped")
    return false
  }

  /// `%` stands for the cgroup; a field of the block may follow it.
  func write(_ attachments: [String]) throws {
    let block = "cgroup: {path: \(cgroup.path)"
    let lines = attachments.map { line in
      let parts = line.split(separator: "%", omittingEmptySubsequences: false)
      let rest = parts[1].dropLast()
      return "  \(parts[0])\(block)\(rest.isEmpty ? "" : ", \(rest)")}}"
    }
    try deployment.write(
      """
      apiVersion: bpfapply/v1
      name: \(deployment.owner)
      objects: {s: {file: security.bpf.o}}
      attachments:
      \(lines.joined(separator: "\n"))
      """)
  }

  /// By attachment.
  func links() throws -> [String: LinkInfo] {
    var links: [String: LinkInfo] = [:]
    for name in ["packets", "routes", "servers"] {
      let part = instance.replacing("/", with: "%2F").replacing(".", with: "%2E")
      links[name] = try Pinned.link("\(deployment.pins)/attachments/\(name)/\(part)").info()
    }
    return links
  }

  /// A program of nobody's on socket_post_create.
  func foreign() throws -> Link {
    let types = try BTF(parsing: KernelBTF.vmlinux(), checksReferences: false)
    var parameters = ProgramParameters(
      type: .lsm,
      instructions: [Instruction(opcode: 0xb7, immediate: 1), Instruction(opcode: 0x95)],
      license: "GPL", expectedAttachType: .lsmCgroup)
    parameters.attachTypeID = types.first(.function, named: "bpf_lsm_socket_post_create") ?? 0
    return try Link.create(
      try Program.load(parameters),
      on: .cgroup(try Cgroup(cgroup.path), type: .lsmCgroup, position: HookPosition()))
  }

  /// These deeds and no others.
  func denies(_ deeds: [Deed]) throws {
    try cgroup.add(process: getpid())
    var found: [String] = []
    for deed in [Self.packet, Self.route, Self.listen, Self.local] where deed.isDenied() {
      found.append(deed.name)
    }
    let root = cgroup.directory.dropLast(cgroup.path.count)
    try Sandbox.run(["sh", "-c", "echo \(getpid()) >\(root)/cgroup.procs"]).succeeded()
    try check(found.sorted() == deeds.map(\.name).sorted(), "\(found) are denied")
  }
}
