import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// A container with a bpffs of its own, in which the same manifest is applied to the same interface.
@Suite struct SecondBPFFSTests {
  @Test(.kernel) func `what the same owner has on another bpffs is not ours`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let container = try Container()
        let deployment = try Deployment("twice")
        func deploy(release: Int, priority: Int) throws {
          try deployment.compile("watch", options: ["-DRELEASE=\(release)"])
          let object = try Sandbox.compile(
            file: "\(Sandbox.packageRoot)/examples/hooks/tc/tc.bpf.c",
            options: ["-DRELEASE=\(release)"])
          try deployment.write(Sandbox.read(object), to: "tc.bpf.o")
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            objects: {w: {file: watch.bpf.o}, tc: {file: tc.bpf.o}}
            attachments:
              in: {program: w/classify, tcx: {interface: uplink}}
              out: {program: tc/deny, tc: {interface: uplink, direction: egress, priority: \(priority), handle: 7}}
            """)
        }
        func inContainer(_ arguments: String..., status: Int32 = 0, saying words: String...) throws
        {
          try container.run([Deployment.executable] + arguments, in: deployment.directory)
            .ended(status, saying: words)
        }
        let (outer, inner) = ("/sys/fs/bpf", Container.bpffs)
        let inventory = "/bpfapply/\(deployment.owner)/inventory"
        try deploy(release: 1, priority: 10)
        try deployment.apply(saying: "Done")
        let first = try Holding(of: deployment.owner, on: outer)

        // Everything of the other is still to be made there, beside ours.
        try deploy(release: 1, priority: 20)
        try inContainer("plan", "manifest.yaml", saying: "attachment.in/uplink will be created")
        try inContainer("apply", "--auto-approve", "manifest.yaml", saying: "Done")
        try inContainer("plan", "--detailed-exitcode", "manifest.yaml", saying: "No changes.")
        try inContainer("drift", "manifest.yaml", saying: "no drift")
        try first.isUnchanged("by the first apply in the container")
        let second = try Holding(of: deployment.owner, on: inner)
        try check(first.isDisjoint(from: second), "the two share something")
        try deploy(release: 1, priority: 10)
        try deployment.isSettled()

        // An upgrade here is none there.
        try deploy(release: 2, priority: 10)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try second.isUnchanged("by an upgrade outside")

        // Without the inventory each finds its own.
        try unpin(outer + inventory)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try second.isUnchanged("by an apply without an inventory")
        let outside = try Holding(of: deployment.owner, on: outer)
        try unpin(inner + inventory)
        try inContainer("destroy", "--auto-approve", deployment.owner, saying: "Done")
        try outside.isUnchanged("by the destruction in the container")
        try second.isGone("in the container")
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try outside.isGone("outside")
      }
    }
  }
}

private func unpin(_ path: String) throws {
  guard unlink(path) == 0 else { throw SandboxError("unlink \(path): errno \(errno)") }
}

/// A process with mounts of its own: another bpffs, which is seen from outside at another place, and
/// another /run.
private struct Container: ~Copyable {
  static let bpffs = "/run/container"
  private let command: RunningCommand

  init() throws {
    mkdir(Self.bpffs, 0o700)
    try Sandbox.mount("bpf", at: Self.bpffs, type: "bpf")
    let started = try Sandbox.start([
      "unshare", "--mount", "--propagation", "private", "bash", "-euc",
      "mount --bind \(Self.bpffs) /sys/fs/bpf; mount -t tmpfs tmpfs /run; touch /run/ready; "
        + "exec sleep 3600",
    ])
    let ready = "/proc/\(started.process)/root/run/ready"
    try eventually("the container's mounts") { access(ready, F_OK) == 0 }
    command = started
  }

  func run(_ words: [String], in directory: String) throws -> CommandResult {
    try Sandbox.run(
      ["nsenter", "-t", "\(command.process)", "--mount", "env", "-C", directory] + words)
  }
}

/// What is pinned for an owner on one bpffs, by the ids of the kernel objects.
private struct Holding {
  let owner: String
  let mount: String
  private var ids: [ObjectKind: [String: UInt32]] = [:]

  init(of owner: String, on mount: String) throws {
    (self.owner, self.mount) = (owner, mount)
    for pin in try BPFFilesystem(at: mount).root.walk().pins {
      guard let object = pin.object, pin.path.contains("/\(owner)/"),
        !pin.path.hasSuffix("/inventory")
      else { continue }
      ids[object.kind, default: [:]][pin.path] = object.id
    }
    try check(
      ids.count == 3 && ids.values.allSatisfy { !$0.isEmpty }, "\(owner) on \(mount): \(ids)")
  }

  private func all(_ kind: ObjectKind) -> Set<UInt32> { Set((ids[kind] ?? [:]).values) }

  func isDisjoint(from other: Holding) -> Bool {
    ids.keys.allSatisfy { all($0).isDisjoint(with: other.all($0)) }
  }

  /// Pinned as it was, attached, and with its filter.
  func isUnchanged(_ what: String) throws {
    let now = try Holding(of: owner, on: mount)
    try check(now.ids == ids, "changed \(what): \(ids), now \(now.ids)")
    let index = try NetworkInterface.index(of: "uplink") ?? 0
    let attached = try HookPrograms(on: .interface(index), type: .tcxIngress).entries.map(\.linkID)
    try check(all(.link).isSubset(of: attached), "detached \(what): \(attached)")
    let filters = try TrafficFilter.all(interface: index, isEgress: true).compactMap(\.programID)
    try check(
      !all(.program).isDisjoint(with: filters), "its filter is gone \(what): \(filters)")
  }

  /// None of it is in the kernel any more.
  func isGone(_ what: String) throws {
    try eventually("the end of what was \(what)") {
      for kind in [ObjectKind.link, .program, .map] {
        for id in all(kind) where try kind.exists(id: id) { return false }
      }
      return true
    }
  }
}
