import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// What somebody else made and a manifest takes over.
@Suite struct AdoptionTests {
  @Test(.kernel) func `what bpftool loaded becomes ours as it is`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.compile("guard")
        // All of it by libbpf: programs and maps pinned, one program on its hook by a link.
        let old = "/sys/fs/bpf/old"
        try Sandbox.run(
          ["bpftool", "prog", "loadall", deployment.path("guard.bpf.o"), old]
            + ["pinmaps", "\(old)_maps"]
        ).succeeded()
        let link = try Link.create(
          Pinned.program("\(old)/guard"),
          on: .xdp(interface: NetworkInterface.index(of: "uplink") ?? 0, mode: .native))
        try BPFFilesystem().root.pin(link, as: "old_link")
        let before = try (
          map: Pinned.map("\(old)_maps/passed").info.id,
          program: Pinned.program("\(old)/guard").info().id, link: link.info().id
        )
        try check(Uplink.answers(of: 2) == 2, "pings before")

        try deployment.write(deployment.adopting(program: "\(old)/guard"))
        let planned = try deployment.plan(
          status: 2, saying: "program.g/guard will be adopted", "attachment.xdp/uplink",
          "map.g/passed will be adopted", "it comes with program.g/guard")
        try check(!planned.output.contains("will be created"), planned.output)
        let pinsBefore = try Snapshot.take()
        try deployment.bpfapply(
          "plan", "--output", "json", "manifest.yaml", saying: "\"importing\"",
          "\"pin\": \"/sys/fs/bpf/old_link\"")
        try deployment.apply(saying: "adopted")
        try deployment.isSettled()
        let after = try (
          map: Pinned.map("\(deployment.pins)/maps/g/passed").info.id,
          program: Pinned.program("\(deployment.pins)/programs/g/guard").info().id,
          link: Pinned.link("\(deployment.pins)/attachments/xdp/uplink").info().id
        )
        try check(before == after, "\(before) became \(after)")
        let pinsAfter = try Snapshot.take()
        for path in pinsBefore.lines.keys {
          try check(pinsBefore.lines[path] == pinsAfter.lines[path], "\(path) was changed")
        }
        try check(Uplink.answers(of: 2) == 2, "pings after")

        // From now on it is drift when somebody changes it, and the old pins do not matter.
        try Sandbox.run(["rm", "-r", old, "\(old)_maps", "/sys/fs/bpf/old_link"]).succeeded()
        try deployment.isSettled()
        try Sandbox.run(["bpftool", "link", "detach", "id", "\(after.link)"]).succeeded()
        try deployment.drift(status: 2, saying: "attachment.xdp/uplink", "its link is detached")
        try deployment.apply()
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml")
        let left = try Snapshot.take().lines
        try check(left.isEmpty, "\(left)")
      }
    }
  }

  @Test(.kernel) func `a failed adoption leaves the foreign objects as they were`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.compile("watch")
        try Sandbox.run(
          ["bpftool", "map", "create", "/sys/fs/bpf/blocked", "type", "hash"]
            + ["key", "4", "value", "4", "entries", "64", "name", "blocked"]
        ).succeeded()
        try Sandbox.run(
          ["bpftool", "map", "update", "pinned", "/sys/fs/bpf/blocked"]
            + ["key", "1", "2", "3", "4", "value", "5", "0", "0", "0"]
        ).succeeded()
        // Another program holds the hook that takes one.
        let foreign = try foreignProgram(.xdp, .xdp, returning: 2)
        let index = try NetworkInterface.index(of: "uplink") ?? 0
        try foreign.attachXDP(interface: index, mode: .generic)
        let before = try Snapshot.take()
        try deployment.write(
          deployment.watch().replacing(
            "w/blocked:\n", with: "w/blocked:\n    adopt: /sys/fs/bpf/blocked\n"))
        try deployment.apply(
          status: 4, saying: "hook-occupied", "foreign, tag", "adopt: true on attachments.xdp")
        try before.isUnchanged(in: Snapshot.take(), after: "a blocked apply")
        // Its tracepoint cannot be attached: the plan is right, and the apply fails midway.
        try foreign.detachXDP(interface: index, mode: .generic)
        try deployment.write(
          deployment.watch(
            extra: "programs: {w/careless: {}}\n"
          ).replacing("w/blocked:\n", with: "w/blocked:\n    adopt: /sys/fs/bpf/blocked\n"))
        try deployment.compile("watch", options: ["-DCARELESS"])
        try deployment.apply(status: 6)
        try before.isUnchanged(in: Snapshot.take(), after: "an apply that failed")
        try deployment.compile("watch")
        try deployment.write(
          deployment.watch().replacing(
            "w/blocked:\n", with: "w/blocked:\n    adopt: /sys/fs/bpf/blocked\n"))
        try deployment.plan(status: 2, saying: "= map.w/blocked", "- 1.2.3.4 = 5")
        try deployment.apply()
        try deployment.isSettled()
        try check(Uplink.answers(of: 2, from: "10.9.0.3") == 0, "the adopted map is used")
      }
    }
  }

  @Test(.kernel) func `what is attached without a link becomes a link`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment()
        try deployment.compile("watch")
        let xdp = try foreignProgram(.xdp, .xdp, returning: 2)
        let index = try NetworkInterface.index(of: "uplink") ?? 0
        try xdp.attachXDP(interface: index, mode: .native)
        let egress = try foreignProgram(.cgroupSkb, .cgroupInetEgress, returning: 1)
        let group = AttachTarget.cgroup(try Cgroup(cgroup.path))
        // BPF_F_ALLOW_MULTI
        try egress.attach(to: group, type: .cgroupInetEgress, flags: 2)

        let manifest = deployment.watch(cgroup: cgroup.path)
          .replacing("program: w/receive,", with: "program: w/receive, adopt: true,")
          .replacing("program: w/leave,", with: "program: w/leave, adopt: true,")
        try deployment.write(manifest)
        try deployment.apply(status: 4, saying: "gap-not-allowed", "adopted and replaced")
        let allowed = manifest.replacing("w/receive,", with: "w/receive, allow_gap: true,")
        // A failure afterwards puts back what was detached: that tracepoint does not exist.
        try deployment.compile("hooks")
        let missing = "{program: h/at_raw_tracepoint, raw_tracepoint: {name: no_such_tracepoint}}"
        try deployment.write(
          allowed.replacing("objects:\n", with: "objects:\n  h: {file: hooks.bpf.o}\n")
            .replacing("attachments:\n", with: "attachments:\n  z: \(missing)\n"))
        try deployment.apply(status: 6, saying: "Failed")
        try check(
          NetworkInterface.named("uplink")?.xdp.programs.map(\.programID) == [xdp.info().id],
          "the program is back on the interface")
        let back = try HookPrograms(on: group, type: .cgroupInetEgress)
        try check(back.entries.map(\.programID) == [egress.info().id], "\(back.entries)")
        try deployment.write(allowed)
        try deployment.apply(saying: "replaced")
        try deployment.isSettled()
        let there = try HookPrograms(on: group, type: .cgroupInetEgress)
        try check(there.entries.count == 1, "\(there.entries)")
        try check(there.entries.first?.programID != egress.info().id, "the old one is gone")
        try check(Uplink.answers(of: 2) == 2, "pings")
      }
    }
  }

  @Test(.kernel) func `an object of another manifest is not taken`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let one = try Deployment("one")
        let other = try Deployment("other")
        let map = "{type: hash, key: u32, value: u64, max_entries: 8"
        let head = "apiVersion: bpfapply/v1\nname: "
        try one.write(
          "\(head)\(one.owner)\nmaps: {shared: \(map)}}\n"
            + "pins: {shared: {map: shared, path: /sys/fs/bpf/shared}}\n")
        try one.apply()
        // Used, it is left to its owner.
        try other.write("\(head)\(other.owner)\nmaps: {it: {external: /sys/fs/bpf/shared}}\n")
        try other.apply()
        try other.write(
          "\(head)\(other.owner)\nmaps: {it: \(map), adopt: /sys/fs/bpf/shared}}\n")
        try other.apply(
          status: 4, saying: "owned-by-other", "belongs to '\(one.owner)'",
          "forget: [map.shared] in the manifest of '\(one.owner)'", "external: /sys/fs/bpf/shared")
        try other.write(
          "\(head)\(other.owner)\nmaps: {it: \(map)}}\n"
            + "pins: {mine: {map: it, path: /sys/fs/bpf/shared}}\n")
        try other.apply(
          status: 4, saying: "foreign-pin", "of '\(one.owner)'", "pinned at \(one.pins)/maps/shared"
        )
        // Given up there, it can be taken here.
        let id = try Pinned.map("/sys/fs/bpf/shared").info.id
        try one.write(
          "\(head)\(one.owner)\nforget: [map.shared, pin.shared]\n")
        try one.apply("--allow-empty", saying: "forgotten")
        try other.write(
          "\(head)\(other.owner)\nmaps: {it: \(map), adopt: \(one.pins)/forgotten/maps/shared}}\n")
        try other.apply(saying: "adopted")
        try other.isSettled()
        try check(Pinned.map("\(other.pins)/maps/it").info.id == id, "the same map")
      }
    }
  }

  @Test(.kernel) func `renamed resources stay the same objects`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.applyWatch(
          extra: "pins: {p: {map: w/blocked, path: /sys/fs/bpf/shared/blocked}}\n")
        try check(Uplink.answers(of: 2) == 2, "pings")
        let before = try Snapshot.take()
        let renamed = deployment.watch(
          extra: """
            pins: {q: {map: v/blocked, path: /sys/fs/bpf/shared/blocked}}
            moved:
              map.w/counts: map.v/counts
              map.w/blocked: map.v/blocked
              map.w/.rodata: map.v/.rodata
              program.w/receive: program.v/receive
              program.w/classify: program.v/classify
              program.w/execute: program.v/execute
              attachment.xdp: attachment.ingress
              pin.p: pin.q
            """
        ).replacing("w: {file", with: "v: {file").replacing("  w/", with: "  v/")
          .replacing("program: w/", with: "program: v/")
          .replacing("xdp: {program", with: "ingress: {program")
        try deployment.write(renamed)
        let plan = try deployment.plan(
          status: 2, saying: "map.w/counts is now map.v/counts", "pin.p is now pin.q")
        try check(!plan.output.contains("will be"), plan.output)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let after = try Snapshot.take()
        func objects(_ snapshot: Snapshot) -> [String] { snapshot.lines.values.sorted() }
        try check(objects(before) == objects(after), "\(before.lines)\n\(after.lines)")
        try check(
          after.lines.keys.contains("\(deployment.pins)/attachments/ingress/uplink"),
          "\(after.lines.keys)")
        try check(Uplink.answers(of: 2, from: "10.9.0.3") == 0, "still blocked")
      }
    }
  }
}

extension Deployment {
  /// The program of the guard object on its hook, all of it taken over.
  fileprivate func adopting(program: String) -> String {
    """
    apiVersion: bpfapply/v1
    name: \(owner)
    objects:
      g: {file: guard.bpf.o}
    programs:
      g/guard: {adopt: \(program)}
    attachments:
      xdp:
        program: g/guard
        adopt: /sys/fs/bpf/old_link
        xdp: {interface: uplink, mode: native}
    """
  }
}
