import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Filters of tc: others on the same clsact, kills, undos, and a lost inventory.
@Suite struct FilterTests {
  @Test(.kernel) func `the filters of others stay, and the clsact too`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try FilterScene()
        // A neighbour of the same priority, made before.
        try scene.stranger.attach(filter: scene.place(priority: 10, handle: 5), name: "theirs")
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try check(Uplink.reaches("10.9.0.2") && !Uplink.reaches("10.9.0.3"), "no effect")
        let both = try scene.filters()
        try check(both.count == 2, "\(both)")
        try scene.deploy(release: 2, priority: 10)
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        let left = try scene.filters()
        try check(left.map(\.place.handle) == [5], "\(left)")

        // At the very place of ours: theirs stays.
        try scene.stranger.attach(filter: scene.place(priority: 10, handle: 7), name: "theirs")
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.bpfapply(
          "plan", "manifest.yaml", status: 4, saying: "hook-occupied", "another priority")
      }
    }
  }

  @Test(.kernel) func `what another program took over is not ours any more`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try FilterScene()
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.apply(saying: "Done")
        let place = try scene.place(priority: 10, handle: 7)
        let ours = try scene.filters()[0].programID ?? 0
        try scene.stranger.replace(filter: place, expected: ours, name: "theirs")
        try scene.deployment.drift(status: 2, saying: "attachment.out", "its filter is gone")
        try scene.deployment.apply(status: 4, saying: "hook-occupied")
        try Program.detach(filter: place, expected: scene.stranger.info().id)
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
      }
    }
  }

  /// The calls that change filters, one after the other, kill the apply that upgrades and moves it.
  @Test(
    .kernel,
    arguments: ["sendto:3", "sendto:5", "sendto:6", "sendto:8", "renameat2:1", "renameat2:2"])
  func `a killed apply leaves one filter after the next`(point: String) async {
    await #expect(processExitsWith: .success) { [point = point as String] in
      endToEnd {
        let scene = try FilterScene()
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.apply(saying: "Done")
        try scene.deploy(release: 2, priority: 11)
        let parts = point.split(separator: ":")
        _ = try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(parts[0])"]
            + ["-e", "inject=\(parts[0]):signal=KILL:when=\(parts[1])", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"], directory: scene.deployment.directory)
        try check(!Uplink.reaches("10.9.0.3"), "no filter after the kill")
        try scene.deployment.apply()
        try scene.deployment.isSettled()
        let filters = try scene.filters()
        try check(filters.map(\.place.priority) == [11], "\(filters)")
      }
    }
  }

  @Test(.kernel) func `a failed apply puts the filter back`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try FilterScene()
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.apply(saying: "Done")
        let before = try scene.filters()
        try scene.deploy(release: 2, priority: 10)
        // The first rename puts the intent in place, the second the new program's pin.
        try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2"]
            + ["-e", "inject=renameat2:error=EIO:when=2", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"], directory: scene.deployment.directory
        ).ended(6)
        let after = try scene.filters()
        try check(after == before, "\(before) became \(after)")
        try check(!Uplink.reaches("10.9.0.3"), "no effect after the undo")
        try scene.deployment.drift(saying: "no drift")
      }
    }
  }

  @Test(.kernel) func `a change of filters that nobody confirms is taken back`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try FilterScene()
        // The first apply makes a filter, which a rollback deletes.
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.apply("--confirm-timeout", "5m")
        try check(!Uplink.reaches("10.9.0.3"), "no effect before the rollback")
        try scene.deployment.bpfapply("rollback", scene.deployment.owner)
        let none = try scene.filters()
        try check(none.isEmpty && Uplink.reaches("10.9.0.3"), "\(none)")

        // A swap, and a move to another place.
        try scene.deployment.apply(saying: "Done")
        let before = try scene.filters()
        for priority in [10, 11] {
          try scene.deploy(release: 2, priority: priority)
          try scene.deployment.apply("--confirm-timeout", "5m")
          let changed = try scene.filters()
          try check(changed != before, "\(changed)")
          try scene.deployment.bpfapply("rollback", scene.deployment.owner)
          let after = try scene.filters()
          try check(after == before, "\(before) became \(after)")
          try check(!Uplink.reaches("10.9.0.3"), "no effect after the rollback")
          try scene.deployment.bpfapply("drift", scene.deployment.owner, saying: "no drift")
        }

        // A destroyed one comes back, and what somebody else put there stays.
        try scene.deploy(release: 2, priority: 11)
        try scene.deployment.apply("--confirm-timeout", "5m")
        let place = try scene.place(priority: 10, handle: 7)
        try scene.stranger.attach(filter: place, name: "theirs")
        try scene.deployment.bpfapply("rollback", scene.deployment.owner)
        let left = try scene.filters()
        try check(
          left.map(\.programID) == [scene.stranger.info().id] && left[0].place == place, "\(left)")
        try scene.deployment.bpfapply(
          "drift", scene.deployment.owner, status: 2, saying: "its filter is gone")
      }
    }
  }

  @Test(.kernel) func `a filter of somebody else's is adopted without a gap`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try FilterScene()
        try scene.deploy(release: 1, priority: 10, adopts: true)
        try scene.deployment.bpfapply(
          "plan", "manifest.yaml", status: 4, saying: "adopt-missing", "tc filter show dev uplink")
        let place = try scene.place(priority: 10, handle: 7)
        try scene.stranger.attach(filter: place, name: "theirs")
        try scene.deployment.plan(
          status: 2, saying: "attachment.out/uplink", "adopt", "the filter that is there")
        // Failing, it is left as it was.
        try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2"]
            + ["-e", "inject=renameat2:error=EIO:when=2", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"], directory: scene.deployment.directory
        ).ended(6)
        let theirs = try scene.filters()
        try check(theirs.map(\.programID) == [scene.stranger.info().id], "\(theirs)")

        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        let ours = try scene.filters()
        try check(
          ours.map(\.place) == [place] && ours[0].programID != theirs[0].programID, "\(ours)")
        try check(Uplink.reaches("10.9.0.2") && !Uplink.reaches("10.9.0.3"), "no effect")
        try scene.deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        let left = try scene.filters()
        try check(left.isEmpty, "\(left)")
      }
    }
  }

  @Test(.kernel, .since(6, 6)) func `an exclusive tcx hook has no filter beside it`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try FilterScene()
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(scene.deployment.owner)
          objects: {tc: {file: tc.bpf.o}}
          attachments:
            out: {program: tc/deny, tcx: {interface: uplink, direction: egress, exclusive: true}}
          """)
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        let place = try scene.place(priority: 10, handle: 7)
        try scene.stranger.attach(filter: place, name: "theirs")
        try scene.deployment.drift(status: 2, saying: "attachment.out/uplink", "foreign programs")
        try scene.deployment.plan(status: 4, saying: "is exclusive", "theirs")
        try Program.detach(filter: place, expected: scene.stranger.info().id)
        try scene.deployment.isSettled()
        // The other direction is another hook.
        var other = place
        other.isEgress = false
        try scene.stranger.attach(filter: other, name: "theirs")
        try scene.deployment.isSettled()
      }
    }
  }

  @Test(.kernel) func `filters are found without the inventory`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try FilterScene()
        try scene.deploy(release: 1, priority: 10)
        try scene.deployment.apply(saying: "Done")
        guard unlink("\(scene.deployment.pins)/inventory") == 0 else {
          throw SandboxError("unlink: errno \(errno)")
        }
        try scene.deployment.bpfapply(
          "destroy", "--auto-approve", scene.deployment.owner, saying: "filter-7", "Done")
        let left = try scene.filters()
        try check(left.isEmpty, "\(left)")
      }
    }
  }
}

/// The uplink with a manifest for its egress, and a program of somebody else's.
private struct FilterScene: ~Copyable {
  let deployment: Deployment
  let stranger: Program

  init() throws {
    try Uplink.make()
    let deployment = try Deployment("filters")
    // TC_ACT_UNSPEC: the next filter decides.
    let stranger = try Program.load(
      ProgramParameters(
        type: .schedCls, name: "theirs",
        instructions: [
          Instruction(opcode: 0xb7, immediate: -1), Instruction(opcode: 0x95),
        ], license: "GPL"))
    self.deployment = deployment
    self.stranger = stranger
  }

  func deploy(release: Int, priority: Int, adopts: Bool = false) throws {
    let object = try Sandbox.compile(
      file: "\(Sandbox.packageRoot)/examples/hooks/tc/tc.bpf.c", options: ["-DRELEASE=\(release)"])
    try deployment.write(Sandbox.read(object), to: "tc.bpf.o")
    try deployment.write(
      """
      apiVersion: bpfapply/v1
      name: \(deployment.owner)
      objects: {tc: {file: tc.bpf.o}}
      maps: {tc/denied: {entries: {policy: exact, items: [{key: 10.9.0.3, value: 1}]}}}
      attachments:
        out:
          program: tc/deny
          tc: {interface: uplink, direction: egress, priority: \(priority), handle: 7}
          \(adopts ? "adopt: true" : "")
      """)
  }

  func place(priority: UInt16, handle: UInt32) throws -> TrafficFilter.Place {
    guard let index = try NetworkInterface.index(of: "uplink") else {
      throw SandboxError("no uplink")
    }
    return TrafficFilter.Place(
      interface: index, isEgress: true, priority: priority, handle: handle)
  }

  func filters() throws -> [TrafficFilter] {
    try TrafficFilter.all(interface: place(priority: 1, handle: 1).interface, isEgress: true)
  }
}
