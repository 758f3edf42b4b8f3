import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// The order of several programs on one hook, as packets see it.
@Suite struct OrderTests {
  private static func manifest(_ owner: String, _ attachments: [String]) -> String {
    """
    apiVersion: bpfapply/v1
    name: \(owner)
    objects: {o: {file: order.bpf.o}}
    maps: {o/trace: {}}
    attachments:
    \(attachments.map { "  \($0)" }.joined(separator: "\n"))
    """
  }

  /// What the programs wrote for one echo request from the peer.
  private static func trace(_ deployment: borrowing Deployment) throws -> Int {
    let path = "\(deployment.pins)/maps/o/trace"
    try Pinned.map(path).update([0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0])
    _ = try Uplink.answers(of: 1)
    return try Pinned.counter(path, 0)
  }

  @Test(.kernel, .enabled(if: Sandbox.kernelVersion >= (6, 6)))
  func `packets pass the programs of a tcx hook in the order that is asked for`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("order")
        try deployment.compile("order")
        func attach(_ a: String, _ b: String, _ c: String) throws {
          try deployment.write(
            OrderTests.manifest(
              deployment.owner,
              [
                "a: {program: o/one, tcx: {interface: uplink, order: \(a)}}",
                "b: {program: o/two, tcx: {interface: uplink, order: \(b)}}",
                "c: {program: o/three, tcx: {interface: uplink, order: \(c)}}",
              ]))
        }
        func runs(_ wanted: Int, _ when: String) throws {
          try eventually("\(wanted) \(when): \(try OrderTests.trace(deployment))") {
            try OrderTests.trace(deployment) == wanted
          }
        }
        try attach("last", "{before: attachment.a}", "first")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try runs(321, "at first")

        // Somebody drops all that comes, before the first.
        let index = try NetworkInterface.index(of: "uplink") ?? 0
        let dropping = try foreignProgram(.schedCls, .tcxIngress, returning: 2)
        try dropping.attach(
          to: .interface(index), type: .tcxIngress, position: HookPosition(.first))
        try check(OrderTests.trace(deployment) == 0, "the intruder drops nothing")
        try deployment.drift(
          status: 2, saying: "attachment.c/uplink", "it stands behind foreign", "order")
        try deployment.plan(status: 2, saying: "a copy of it goes where attachment.c/uplink")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try runs(3, "before the intruder")
        let there = try HookPrograms(on: .interface(index), type: .tcxIngress).entries
        try check(
          there.count == 4 && there[1].programID == dropping.info().id, "the hook has \(there)")

        // A place next to the intruder, by its name; and back, by a change that is not confirmed.
        let before = try Snapshot.take()
        try attach("last", "first", "{after: {program: foreign}}")
        try deployment.apply("--confirm-timeout", "1h")
        try runs(2, "before the intruder, the other one")
        try deployment.bpfapply("rollback", deployment.owner, saying: "taken back")
        try runs(3, "after the rollback")
        try dropping.detach(from: .interface(index), type: .tcxIngress)
        try runs(321, "without the intruder")
        try check(
          Set(before.lines.keys) == Set(Snapshot.take().lines.keys), "there are other pins")

        // Turned round; what is not there constrains nothing, and the plan says so.
        try attach("first", "{before: {program: foreign}}", "last")
        try deployment.plan(status: 2, saying: "order", "program foreign is not at tcx_ingress")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try runs(123, "turned round")

        try attach("first", "first", "last")
        try deployment.plan(status: 1, saying: "order-circle", "manifest.yaml:")
        try attach("{after: attachment.d}", "first", "last")
        try deployment.plan(status: 1, saying: "no attachment 'd' is declared")

        try attach("first", "{after: attachment.a}", "last")
        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
      }
    }
  }

  @Test(.kernel) func `a cgroup's programs have an order where the kernel knows one`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("order")
        let cgroup = try TemporaryCgroup()
        let child = "\(cgroup.directory)/child"
        guard mkdir(child, 0o755) == 0 else { throw SandboxError("mkdir \(child): \(errno)") }
        defer { rmdir(child) }
        try deployment.compile("order")
        func attach(_ a: String, _ b: String, _ c: String) throws {
          try deployment.write(
            OrderTests.manifest(
              deployment.owner,
              [
                "a: {program: o/leave_one, cgroup: {path: \(cgroup.path)\(a)}}",
                "b: {program: o/leave_two, cgroup: {path: \(cgroup.path)\(b)}}",
                "c: {program: o/leave_three, cgroup: {path: \(cgroup.path)\(c)}}",
              ]))
        }
        func runs(_ wanted: Int, _ when: String) throws {
          let path = "\(deployment.pins)/maps/o/trace"
          var seen = 0
          try eventually("\(wanted) \(when): \(seen)") {
            // A shell moves itself and becomes the ping, so that the cgroups are empty after it.
            try Sandbox.run([
              "sh", "-c",
              "echo $$ >\(child)/cgroup.procs && exec ping -q -n -c 1 -W 1 10.9.0.2 >/dev/null",
            ])
            seen = try Pinned.counter(path, 1)
            return seen == wanted
          }
        }
        try attach(", order: last", ", order: {before: attachment.a}", ", order: first")
        guard Sandbox.kernelVersion >= (6, 17) else {
          try deployment.plan(status: 4, saying: "BLOCKED", "Linux 6.17")
          return
        }
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try runs(321, "at first")

        let target = AttachTarget.cgroup(try Cgroup(cgroup.path))
        let foreign = try foreignProgram(.cgroupSkb, .cgroupInetEgress, returning: 1)
        try foreign.attach(
          to: target, type: .cgroupInetEgress, flags: AttachFlag.allowMulti,
          position: HookPosition(.first))
        try deployment.drift(status: 2, saying: "attachment.c", "it stands behind foreign")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let there = try HookPrograms(on: target, type: .cgroupInetEgress).entries.map(\.programID)
        try check(there.firstIndex(of: foreign.info().id) == 1, "the hook has \(there)")
        try foreign.detach(from: target, type: .cgroupInetEgress)
        try runs(321, "without the intruder")

        try attach(", order: first", ", order: {after: attachment.a}", ", order: last")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try runs(123, "turned round")

        // A child's programs run first, unless the parent's are early.
        try attach("", "/child", "/child, order: first")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try runs(321, "of parent and child")
        try attach(", preorder: true", "/child", "/child, order: first")
        try deployment.plan(status: 2, saying: "preorder")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try runs(132, "with an early parent")
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }
}
