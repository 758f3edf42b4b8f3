import BPFKernel
import BPFObject
import Sandbox
import Testing

@Suite struct DriftTests {
  /// The kernel is looked at with bpftool and by ids: nothing here relies on what bpfapply says of
  /// its own work.
  @Test(.kernel, arguments: Tampering.all.map(\.name))
  func `tampering is named, and exactly that is repaired`(_ name: String) async {
    await #expect(processExitsWith: .success) { [name = name as String] in
      endToEnd {
        let tampering = try #require(Tampering.all.first { $0.name == name })
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment()
        try deployment.applyWatch(
          cgroup: cgroup.path,
          extra: """
            pins:
              shared: {map: w/blocked, path: /sys/fs/bpf/shared/blocked, mode: "0640"}
            """)
        let attachments = [
          "xdp": "\(deployment.pins)/attachments/xdp/uplink",
          "tcx": "\(deployment.pins)/attachments/tcx/uplink",
          "exec": "\(deployment.pins)/attachments/exec",
          "cgroup": "\(deployment.pins)/attachments/cgroup\(cgroup.path)",
        ]
        let before = try Snapshot.take()
        for path in attachments.values {
          try check(before.lines[path] != nil, "\(path) is not pinned: \(before.lines.keys)")
        }

        try tampering.deed(
          Tampering.Scene(
            pins: deployment.pins, attachments: attachments, cgroup: cgroup.directory))
        let found = try deployment.drift(status: 2)
          .ended(2, saying: tampering.findings)
        let noun = tampering.count == 1 ? "resource" : "resources"
        try check(
          found.output.contains("\(tampering.count) \(noun) drifted"),
          "\(tampering.count) expected:\n\(found.output)")

        try deployment.apply(saying: "Done")
        let links = tampering.newLinks.compactMap { attachments[$0] }
        try before.isUnchanged(
          in: Snapshot.take(), except: Set(links + tampering.leaves),
          after: "\(name) and its repair")
        try deployment.isSettled()
        try check(Uplink.answers(of: 3) == 3, "the host cannot be reached")
        try check(Uplink.answers(of: 2, from: "10.9.0.3") == 0, "the blocked address is answered")
      }
    }
  }

  @Test(.kernel) func `the whole pin directory may go`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.applyWatch()
        try Sandbox.run(["rm", "-r", deployment.pins]).succeeded()
        // The kernel lets go of the programs when it likes.
        try eventually("the end of the program") {
          try Uplink.answers(of: 2, from: "10.9.0.3") == 2
        }
        try deployment.drift(status: 2, saying: deployment.owner, "not applied")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(Uplink.answers(of: 2, from: "10.9.0.3") == 0, "the blocked address is answered")
      }
    }
  }

  @Test(.kernel) func `a lost inventory is written again, and nothing else`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.applyWatch()
        let before = try Snapshot.take()
        try Sandbox.run(["rm", "\(deployment.pins)/inventory"]).succeeded()
        try deployment.drift(status: 2, saying: "not applied")
        try deployment.apply(saying: "no valid inventory")
        try before.isUnchanged(in: Snapshot.take(), after: "the inventory was lost")
        try deployment.isSettled()
      }
    }
  }

  @Test(.kernel) func `a foreign program on the hook is a note, and drift where it may not be`()
    async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.applyWatch()
        let index = try #require(try NetworkInterface.index(of: "uplink"), "the interface")
        let foreign = try Link.create(
          foreignProgram(.schedCls, .tcxIngress, returning: -1),
          on: .tcx(interface: index, type: .tcxIngress, position: HookPosition(.last)))
        let before = try Snapshot.take()
        try deployment.drift(
          saying: "no drift", "Note", "attachment.tcx/uplink", "not ours (foreign")
        try deployment.plan(saying: "No changes.", "Note", "not ours (foreign")
        try deployment.apply(saying: "No changes.")

        try deployment.write(deployment.watch(tcx: "interface: uplink, exclusive: true"))
        try deployment.plan(status: 4, saying: "attachment.tcx/uplink", "BLOCKED", "exclusive")
        try deployment.apply(status: 4, saying: "attachment.tcx/uplink", "exclusive")
        try before.isUnchanged(in: Snapshot.take(), after: "a blocked apply")
        try foreign.detach()
        try deployment.apply()
        try deployment.isSettled()

        let another = try Link.create(
          foreignProgram(.schedCls, .tcxIngress, returning: -1),
          on: .tcx(interface: index, type: .tcxIngress, position: HookPosition(.first)))
        let rival = try another.info().programID
        try deployment.drift(
          status: 2, saying: "attachment.tcx/uplink", "to be ours alone", "foreign, tag")
        try check(another.info().programID == rival, "the foreign link was changed")
      }
    }
  }
}
