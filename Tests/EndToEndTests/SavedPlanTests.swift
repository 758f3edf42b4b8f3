import BPFKernel
import Glibc
import Sandbox
import Testing

/// A plan that waits in a file while somebody reads it.
@Suite struct SavedPlanEndToEndTests {
  @Test(.kernel) func `a saved plan holds until something changes`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.compile("watch")
        try deployment.write(deployment.watch())
        try deployment.bpfapply("plan", "manifest.yaml", "--out", "plan.json")
        var facts = stat()
        try check(stat(deployment.path("plan.json"), &facts) == 0, "no plan.json")
        try check(facts.st_mode & 0o777 == 0o600, "mode \(facts.st_mode)")
        try deployment.compile("watch", options: ["-DRELEASE=2"])
        try deployment.bpfapply(
          "apply", "plan.json", status: 3, saying: "watch.bpf.o changed", "plan again")
        try check(Snapshot.take().lines.isEmpty, "something was done")
        try deployment.compile("watch")
        try deployment.bpfapply("apply", "plan.json", saying: "Done")
        try deployment.isSettled()

        // Planned elsewhere, without privileges, and carried out here.
        try deployment.bpfapply("snapshot", "manifest.yaml", "--out", "host.json")
        try Sandbox.run(["chmod", "0644", deployment.path("host.json")]).succeeded()
        try deployment.write(
          deployment.watch().replacing("192.0.2.1, value: 2", with: "192.0.2.1, value: 3"))
        let here = try deployment.plan(status: 2)
        let elsewhere = try Sandbox.run(
          ["setpriv", "--inh-caps=-all", "--bounding-set=-all", try Deployment.executable]
            + ["plan", "--against", "host.json", "--out", "later.json", "manifest.yaml"],
          directory: deployment.directory
        ).ended(0)
        try check(elsewhere.output.hasPrefix(here.output), "\(here.output)\n\(elsewhere.output)")
        try Sandbox.run(
          ["bpftool", "map", "update", "pinned", "\(deployment.pins)/maps/w/blocked"]
            + ["key", "10", "9", "0", "77", "value", "1", "0", "0", "0"]
        ).succeeded()
        try deployment.bpfapply(
          "apply", "later.json", status: 3, saying: "map.w/blocked: other fields or entries")
        try Sandbox.run(
          ["bpftool", "map", "delete", "pinned", "\(deployment.pins)/maps/w/blocked"]
            + ["key", "10", "9", "0", "77"]
        ).succeeded()
        try deployment.bpfapply("apply", "later.json", saying: "Done")
        try deployment.isSettled()
      }
    }
  }
}
