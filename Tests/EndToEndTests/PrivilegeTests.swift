import BPFKernel
import Glibc
import Sandbox
import Testing

/// What bpfapply may do, and what it refuses to trust.
@Suite struct PrivilegeTests {
  /// `command` with these capabilities and no others, as root.
  private static func limited(_ capabilities: [String], _ command: [String]) -> [String] {
    let kept = capabilities.map { ",+\($0)" }.joined()
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all\(kept)"] + command
  }

  @Test(.kernel) func `all that is missing is named at once`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.compile("watch")
        try deployment.write(deployment.watch())
        let before = try Snapshot.take()
        let apply = [try Deployment.executable, "apply", "--auto-approve", "manifest.yaml"]
        try Sandbox.run(Self.limited([], apply), directory: deployment.directory).ended(
          1,
          saying: [
            "missing-capabilities", "CAP_BPF to create maps, load programs",
            "CAP_NET_ADMIN to look at the hook of attachment.tcx/uplink",
            "CAP_PERFMON to load program.w/execute (tracepoint)",
          ])
        // What can be seen is planned, and only what the change takes is missing.
        try Sandbox.run(Self.limited(["net_admin"], apply), directory: deployment.directory).ended(
          1, saying: ["Plan: ", "missing: CAP_BPF to create maps", "; CAP_PERFMON to load"])
        try before.isUnchanged(in: Snapshot.take(), after: "two refusals")
      }
    }
  }

  @Test(.kernel) func `without CAP_SYS_ADMIN it works by pins, and prunes nothing`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.compile("watch")
        let more = "maps:\n  more: {type: hash, key: u32, value: u32, max_entries: 1}\n"
        try deployment.write(deployment.watch().replacing("maps:\n", with: more))
        func run(_ words: String..., status: Int32 = 0, saying: String...) throws {
          let command = [try Deployment.executable] + words + ["manifest.yaml"]
          try Sandbox.run(
            Self.limited(["bpf", "net_admin", "perfmon", "dac_override"], command),
            directory: deployment.directory
          ).ended(status, saying: saying)
        }
        try run("apply", "--auto-approve", saying: "Done", "without CAP_SYS_ADMIN")
        try run("plan", "--detailed-exitcode", saying: "No changes.", "Incomplete")
        try check(Uplink.answers(of: 2, from: "10.9.0.3") == 0, "the program runs")
        // An upgrade opens what it replaces by its pins.
        try deployment.compile("watch", options: ["-DRELEASE=2"])
        try run("apply", "--auto-approve", saying: "w/receive", "replaced")
        // What is no longer wanted stays, and is named.
        try deployment.write(deployment.watch())
        try run("apply", "--auto-approve", saying: "map.more", "stays")
        try check(
          Snapshot.take().lines["\(deployment.pins)/maps/more"] != nil, "it stays pinned")
        // Whether somebody else is there cannot be known.
        try deployment.write(deployment.watch(tcx: "interface: uplink, exclusive: true"))
        try run("apply", "--auto-approve", status: 4, saying: "exclusive-unsure")
        // With the capability all of it is seen again.
        try deployment.write(deployment.watch())
        try deployment.apply(saying: "deleted")
        try deployment.isSettled()
      }
    }
  }

  /// A container: capabilities in a user namespace, which count for bpf(2) by a token alone.
  @Test(.kernel) func `a delegated bpffs lets it run in a user namespace`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment()
        try deployment.compile("guard")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {g: {file: guard.bpf.o}}
          attachments: {up: {program: g/guard, xdp: {interface: uplink}}}
          """)
        let helper = deployment.path("delegate")
        try Sandbox.run(["clang", "Tests/Fixtures/delegate.c", "-o", helper]).succeeded()
        func inside(_ script: String, delegating: Bool = true) throws -> CommandResult {
          let commands =
            "ip link add uplink type veth peer name p; ip link set uplink up; "
            + "cd \(deployment.directory); b=\(try Deployment.executable); \(script)"
          return try Sandbox.run(
            ["env", "DELEGATE=\(delegating ? "yes" : "no")", helper, "sh", "-c", commands])
        }
        let apply = "$b apply --auto-approve manifest.yaml"
        try inside(
          "\(apply) && ip link show uplink && $b plan --detailed-exitcode manifest.yaml "
            + "&& $b destroy --auto-approve manifest.yaml"
        ).ended(0, saying: ["Done: 5 created", "prog/xdp", "No changes.", "Done: 5 deleted"])
        try inside(apply, delegating: false).ended(
          1, saying: ["missing-capabilities", "CAP_BPF to create maps", "delegate_cmds"])
      }
    }
  }

  @Test(.kernel) func `what root has besides is dropped`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment()
        try deployment.write(
          "apiVersion: bpfapply/v1\nname: \(deployment.owner)\n"
            + "maps: {m: {type: hash, key: u32, value: u32, max_entries: 1}}\n")
        try deployment.apply()
        // It waits for the lock, and can be looked at meanwhile.
        var lock: FileLock? = try FileLock.acquire(
          file: RunDirectory.path(of: "\(deployment.owner).lock"), timeout: .seconds(1))
        let waiting = try Sandbox.start(
          [try Deployment.executable, "apply", "--auto-approve", "--lock-timeout", "60"]
            + [deployment.path("manifest.yaml")])
        let process = waiting.process
        func set(_ name: String) throws -> Set<Int> {
          let status = String(
            decoding: try Sandbox.read("/proc/\(process)/status"), as: UTF8.self)
          let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
          let bits = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
          return Set((0..<64).filter { bits & 1 << UInt64($0) != 0 })
        }
        let own = try Capabilities.current().permitted
        var permitted: Set<Int> = []
        repeat {
          permitted = try set("CapPrm")
          sched_yield()
        } while permitted.count == own.count
        // CAP_NET_RAW, CAP_SYS_MODULE, CAP_MKNOD, CAP_SETUID
        try check(permitted.isDisjoint(with: [13, 16, 27, 7]), "\(permitted)")
        // CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF
        try check(permitted.isSuperset(of: [21, 12, 38, 39]), "\(permitted)")
        try check(set("CapEff") == permitted, "effective and permitted differ")
        try check(lock != nil, "it would not wait")
        lock = nil
        try waiting.wait().ended(0, saying: ["No changes."])
      }
    }
  }

  @Test(.kernel, arguments: ["0666", "0664"])
  func `files that others can write to are refused`(_ mode: String) async {
    await #expect(processExitsWith: .success) { [mode = mode as String] in
      endToEnd {
        let deployment = try Deployment()
        try deployment.compile("guard")
        try deployment.write(
          "apiVersion: bpfapply/v1\nname: \(deployment.owner)\n"
            + "objects: {g: {file: guard.bpf.o}}\nprograms: {g/guard: {}}\n")
        func change(_ file: String, _ mode: String) throws {
          try Sandbox.run(["chmod", mode, deployment.path(file)]).succeeded()
          try Sandbox.run(["chgrp", "12345", deployment.path(file)]).succeeded()
        }
        for file in ["manifest.yaml", "guard.bpf.o"] {
          try change(file, mode)
          try deployment.apply(
            status: 1, saying: "insecure-file", "\(file) can be written by", "--insecure-files")
          try deployment.bpfapply("validate", "manifest.yaml")
          try check(Snapshot.take().lines.isEmpty, "something was pinned")
          try change(file, "0644")
        }
        try change("guard.bpf.o", mode)
        try deployment.apply("--insecure-files", saying: "created")
      }
    }
  }

  @Test(.kernel) func `a directory that somebody else prepared is refused`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment()
        try deployment.write(
          "apiVersion: bpfapply/v1\nname: \(deployment.owner)\n"
            + "maps: {m: {type: hash, key: u32, value: u32, max_entries: 1}}\n"
            + "pins: {p: {map: m, path: /sys/fs/bpf/shared/deep/m}}\n")
        let owners = "/sys/fs/bpf/bpfapply"
        let hostile: [(preparation: String, words: String, clean: String)] = [
          ("mkdir \(owners); chown 12345 \(owners)", "belongs to user 12345", "rmdir \(owners)"),
          ("mkdir -m 0777 \(owners)", "others can write to it", "rmdir \(owners)"),
          (
            "mkdir /sys/fs/bpf/else; ln -s /sys/fs/bpf/else \(owners)", "it is a symlink",
            "rm \(owners); rmdir /sys/fs/bpf/else"
          ),
          (
            "mkdir -m 0700 \(owners); mkdir \(deployment.pins); chown 12345 \(deployment.pins)",
            "belongs to user 12345", "rmdir \(deployment.pins) \(owners)"
          ),
          (
            "mkdir -m 0777 /sys/fs/bpf/shared", "others can write to it", "rmdir /sys/fs/bpf/shared"
          ),
          (
            "mkdir /sys/fs/bpf/else; ln -s /sys/fs/bpf/else /sys/fs/bpf/shared", "it is a symlink",
            "rm /sys/fs/bpf/shared; rmdir /sys/fs/bpf/else"
          ),
        ]
        for (preparation, words, clean) in hostile {
          try Sandbox.run(["sh", "-ec", preparation]).succeeded()
          let result = try Sandbox.run(
            [try Deployment.executable, "apply", "--auto-approve", "manifest.yaml"],
            directory: deployment.directory)
          try check(
            result.errors.contains(words) && result.output.contains("Done") == false,
            "\(preparation)\n\(result.errors)\(result.output)")
          let pins = try BPFFilesystem().root.walk().pins.map(\.path)
          try check(pins.isEmpty, "after \(preparation): \(pins)")
          try Sandbox.run(["sh", "-ec", clean]).succeeded()
        }
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
      }
    }
  }
}
