import BPFKernel
import Glibc
import Sandbox
import Testing

@Suite struct InterruptionTests {
  @Test(.kernel) func `of two applies at once the second waits, or says who holds the lock`() async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.compile("watch")
        try deployment.write(deployment.watch())
        // Slow renames keep the first one at work while the second one is tried.
        let first = try Sandbox.start(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2"]
            + ["-e", "inject=renameat2:delay_enter=400000", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"], directory: deployment.directory)
        try eventually("a lock") {
          let inodes = try Sandbox.run(
            ["sh", "-c", "stat -c %i /run/bpfapply/*.lock 2>/dev/null || :"]
          ).output.split(separator: "\n")
          let locks = String(decoding: try Sandbox.read("/proc/locks"), as: UTF8.self)
          return inodes.contains { locks.contains(":\($0) ") }
        }
        let refused = try deployment.apply(
          "--lock-timeout", "0", status: 5, saying: deployment.owner, "process")
        let processes = try Sandbox.run(["pgrep", "-P", "\(first.process)", "bpfapply"]).output
        let holder = processes.split(separator: "\n").first.map(String.init) ?? "no process"
        try check(refused.errors.contains(holder), "\(holder) is not named:\n\(refused.errors)")

        let second = try deployment.apply("--lock-timeout", "600")
        try first.wait().ended(0, saying: ["Done"])
        try check(
          second.output.contains("No changes.") || second.output.contains("changed"), second.output)
        try deployment.isSettled()
      }
    }
  }

  /// Kills an apply that upgrades everything at the Nth call of a kind; a plain apply must then
  /// bring the host to where the manifest wants it, and leave nothing beside.
  @Test(
    .kernel,
    arguments: [
      "bpf:40", "bpf:75", "bpf:95", "bpf:110", "bpf:125", "bpf:140", "bpf:155", "bpf:175",
      "renameat2:1", "renameat2:3", "renameat2:5", "unlinkat:1", "unlinkat:3", "unlinkat:6",
    ])
  func `a killed apply leaves nothing that the next one does not repair`(point: String) async {
    await #expect(processExitsWith: .success) { [point = point as String] in
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.applyWatch()
        var seen = try Objects.reachable(from: deployment.pins)
        try deployment.compile("watch", options: ["-DRELEASE=2"])
        try deployment.write(deployment.watch(counts: "{max_entries: 32, on_replace: recreate}"))
        let parts = point.split(separator: ":")
        let killed = try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(parts[0])"]
            + ["-e", "inject=\(parts[0]):signal=KILL:when=\(parts[1])", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"], directory: deployment.directory)
        // How many bpf(2) calls an apply makes depends on what else is on the host.
        try check(
          killed.status == 128 + SIGKILL || killed.status == 0 && parts[0] == "bpf",
          "the apply was not killed but ended with \(killed.status):\n\(killed.output)")
        seen.formUnion(try Objects.reachable(from: deployment.pins))
        let answers = try Uplink.answers(of: 2, from: "10.9.0.3")
        try check(answers == 0, "the hook is empty after the kill")

        try deployment.apply()
        try deployment.isSettled()
        let tree = try BPFFilesystem().root.walk()
        let staged = tree.pins.map(\.path).filter { $0.contains("/next/") }
        try check(staged.isEmpty, "left behind: \(staged)")
        let now = try Objects.reachable(from: deployment.pins)
        try eventually("the release of what is not in use any more") {
          try seen.remaining().count
            == seen.ids.map { kind, ids in ids.intersection(now.ids[kind] ?? []).count }
            .reduce(0, +)
        }
      }
    }
  }
}
