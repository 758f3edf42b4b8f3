import BPFKernel
import Glibc
import Sandbox
import Testing

@Suite struct UpgradeTests {
  @Test(.kernel) func `a live upgrade under a ping flood loses no packet to an empty hook`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.applyWatch()
        let counts = "\(deployment.pins)/maps/w/counts"
        let xdp = "\(deployment.pins)/attachments/xdp/uplink"
        let tcx = "\(deployment.pins)/attachments/tcx/uplink"
        let links = (try Pinned.link(xdp).info(), try Pinned.link(tcx).info())
        let map = try Pinned.map(counts).info.id

        let flood = try Sandbox.start(
          ["ip", "netns", "exec", "peer", "ping", "-q", "-n", "-i", "0.001", "10.9.0.1"])
        try eventually("packets through the first release") {
          try Pinned.counter(counts, 0) > 100 && Pinned.counter(counts, 2) > 100
        }
        try deployment.compile("watch", options: ["-DRELEASE=2"])
        try deployment.plan(status: 2, saying: "program.w/receive will be replaced")
        try deployment.apply(saying: "attachment.xdp/uplink", "updated")
        try eventually("packets through the second release") {
          try Pinned.counter(counts, 1) > 100 && Pinned.counter(counts, 3) > 100
        }
        flood.signal(SIGINT)
        let (sent, received) = try Uplink.numbers(of: flood.wait())

        for (hook, slot) in [("XDP", UInt32(0)), ("TCX", 2)] {
          let old = try Pinned.counter(counts, slot)
          let new = try Pinned.counter(counts, slot + 1)
          try check(old > 100 && new > 100, "\(hook): \(old) by the old program, \(new) by the new")
          try check(old + new == sent, "\(hook): \(sent) packets sent, \(old) + \(new) counted")
        }
        try check(received == sent, "\(received) of \(sent) answered")
        let after = (try Pinned.link(xdp).info(), try Pinned.link(tcx).info())
        try check(after.0.id == links.0.id && after.1.id == links.1.id, "links were made anew")
        try check(
          after.0.programID != links.0.programID && after.1.programID != links.1.programID,
          "a link still runs the old program")
        try check(Pinned.map(counts).info.id == map, "the map was made anew")
        try deployment.isSettled()
      }
    }
  }

  @Test(.kernel) func `another max_entries is a replacement that programs and links follow`() async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment()
        try deployment.applyWatch(cgroup: cgroup.path)
        let before = try Snapshot.take()
        let counts = "\(deployment.pins)/maps/w/counts"
        let old = try Pinned.map(counts).info.id

        try deployment.write(deployment.watch(cgroup: cgroup.path, counts: "{max_entries: 32}"))
        try deployment.plan(
          status: 4, saying: "map.w/counts will be replaced", "max_entries = 16 -> 32",
          "forces replacement", "BLOCKED", "on_replace: migrate")
        try deployment.apply(status: 4, saying: "on_replace: migrate")
        try before.isUnchanged(in: Snapshot.take(), after: "a blocked apply")

        try deployment.write(
          deployment.watch(
            cgroup: cgroup.path, counts: "{max_entries: 32, on_replace: recreate}"))
        try deployment.plan(
          status: 2, saying: "max_entries = 16 -> 32", "contents are lost",
          "program.w/receive will be replaced", "program.w/classify will be replaced",
          "attachment.xdp/uplink will be updated in place",
          "attachment.tcx/uplink will be updated in place")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let map = try Pinned.map(counts).info
        try check(map.maxEntries == 32 && map.id != old, "the map is the old one")
        let programs = ["receive": "xdp/uplink", "classify": "tcx/uplink", "execute": "exec"]
        for (program, attachment) in programs {
          let info = try Pinned.program("\(deployment.pins)/programs/w/\(program)").info()
          try check(info.mapIDs.contains(map.id), "\(program) does not use the new map")
          try check(!info.mapIDs.contains(old), "\(program) uses the old map")
          let link = try Pinned.link("\(deployment.pins)/attachments/\(attachment)").info()
          try check(link.programID == info.id, "\(attachment) runs another program")
        }
        let kept = ["attachments/xdp/uplink", "attachments/tcx/uplink"]
        for path in kept.map({ "\(deployment.pins)/\($0)" }) {
          let id = before.lines[path]?.split(separator: " ")[1]
          try check(id == "\(try Pinned.link(path).info().id)".prefix(20), "\(path) was made anew")
        }
      }
    }
  }

  @Test(.kernel) func `destroy leaves no object behind`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment()
        try deployment.applyWatch(
          cgroup: cgroup.path,
          extra: "pins: {shared: {map: w/blocked, path: /sys/fs/bpf/shared/blocked}}")
        var ours = try Objects.reachable(from: deployment.pins)
        try deployment.compile("watch", options: ["-DRELEASE=2"])
        try deployment.apply(saying: "Done")
        ours.formUnion(try Objects.reachable(from: deployment.pins))
        for kind in ObjectKind.allCases {
          try check(ours.ids.keys.contains(kind), "no \(kind) of ours was found")
        }
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
        let left = try BPFFilesystem().root.walk()
        try check(
          left.pins.allSatisfy { $0.path.hasSuffix(".debug") } && left.directories.isEmpty,
          "left on the bpffs: \(left.pins.map(\.path)) \(left.directories)")
        try deployment.bpfapply(
          "destroy", "--auto-approve", deployment.owner, saying: "No changes.")
        try check(Uplink.answers(of: 2, from: "10.9.0.3") == 2, "packets are dropped")
      }
    }
  }

  @Test(.kernel) func `a rejected program leaves the kernel as it was`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.applyWatch()
        let before = try Snapshot.take()
        let inventory = try Pinned.map("\(deployment.pins)/inventory").info.id
        let programs = try Objects.named(["receive", "classify", "execute", "careless"])
        try deployment.compile("watch", options: ["-DRELEASE=2", "-DCARELESS"])
        try deployment.write(
          deployment.watch(extra: "programs: {w/careless: {}}"))
        try deployment.plan(status: 2, saying: "program.w/careless will be created")
        try deployment.apply(
          status: 6, saying: "verifier", "program.w/careless", "watch.bpf.c:",
          "return data[3];", "invalid access to packet")
        try deployment.bpfapply(
          "plan", "--verify", "manifest.yaml", status: 1, saying: "verifier", "return data[3];")
        try before.isUnchanged(in: Snapshot.take(), after: "a rejected program")
        try check(
          Pinned.map("\(deployment.pins)/inventory").info.id == inventory,
          "the inventory was written anew")
        try eventually("the release of what was staged") {
          // Tests that run meanwhile have programs of these names as well, but not of this owner.
          try Objects.named(["careless"]).subtracting(programs).isEmpty
        }
      }
    }
  }
}
