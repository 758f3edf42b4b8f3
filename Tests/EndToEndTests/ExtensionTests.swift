import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Functions of running programs that others replace (freplace), under traffic.
@Suite struct ExtensionTests {
  @Test(.kernel) func `no packet sees a program without its extension`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try Extended()
        guard try scene.isAllowed() else { return }
        try scene.write(target: "program.t/filter")
        try Uplink.make()
        let traffic = try Traffic()
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.sees(release: 1, "after the first apply")

        // The program is new, and its extension is loaded for it.
        try scene.compile("extended", release: 2)
        try scene.deployment.plan(
          status: 2, saying: "program.t/filter will be replaced",
          "program.e/block will be replaced", "program.t/filter is replaced")
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.sees(release: 1, "after the program's upgrade")

        // The extension is new: a copy of the program gets it.
        try scene.compile("extending", release: 2)
        try scene.deployment.plan(
          status: 2, saying: "program.t/filter will be replaced", "one extension at a time")
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.sees(release: 2, "after the extension's upgrade")

        // Both are taken back.
        try scene.compile("extended", release: 1)
        try scene.compile("extending", release: 1)
        try scene.deployment.apply("--confirm-timeout", "5m")
        try scene.sees(release: 1, "before the rollback")
        try scene.deployment.bpfapply("rollback", scene.deployment.owner)
        try scene.sees(release: 2, "after the rollback")
        try scene.compile("extended", release: 2)
        try scene.compile("extending", release: 2)
        try scene.deployment.isSettled()
        traffic.end()
        try scene.deployment.bpfapply(
          "destroy", "--auto-approve", scene.deployment.owner, saying: "Done")
      }
    }
  }

  /// Renames put the intent, then the pins in place; what is unlinked goes in the end.
  @Test(
    .kernel, arguments: ["renameat2:1", "renameat2:2", "renameat2:4", "unlinkat:2", "unlinkat:4"])
  func `a killed upgrade leaves a program with its extension`(point: String) async {
    await #expect(processExitsWith: .success) { [point = point as String] in
      endToEnd {
        let scene = try Extended()
        guard try scene.isAllowed() else { return }
        try scene.write(target: "program.t/filter")
        try Uplink.make()
        let traffic = try Traffic()
        try scene.deployment.apply(saying: "Done")
        for name in ["extended", "extending"] { try scene.compile(name, release: 2) }
        let parts = point.split(separator: ":")
        let killed = try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(parts[0])"]
            + ["-e", "inject=\(parts[0]):signal=KILL:when=\(parts[1])", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"], directory: scene.deployment.directory)
        try check(killed.status != 0, "the apply was not killed: \(killed.output)")
        try scene.deployment.apply()
        try scene.deployment.isSettled()
        try scene.sees(release: 2, "after the next apply")
        traffic.end()
        let objects = try Objects.reachable(from: scene.deployment.pins)
        try scene.deployment.bpfapply(
          "destroy", "--auto-approve", scene.deployment.owner, saying: "Done")
        try eventually("the release of \(objects.remaining())") {
          try objects.remaining().isEmpty
        }
      }
    }
  }

  @Test(.kernel) func `a function of somebody else's program is replaced, through a gap too`() async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let scene = try Extended()
        guard try scene.isAllowed() else { return }
        try Uplink.make()
        let theirs = "/sys/fs/bpf/theirs"
        try scene.write(target: theirs)
        try scene.deployment.plan(status: 4, saying: "no program is pinned at \(theirs)")
        try scene.loadTheirs(at: theirs)
        try Sandbox.run(
          [HookWitness.bpftool, "net", "attach", "xdpgeneric", "pinned", theirs, "dev", "uplink"]
        ).succeeded()
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.moves(release: 1)

        try scene.compile("extending", release: 2)
        try scene.deployment.plan(
          status: 4, saying: "is not replaced for a moment", "set allow_gap: true")
        try scene.write(target: theirs, allowGap: true)
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try scene.moves(release: 2)

        // Taken back by the watchdog's deed.
        try scene.compile("extending", release: 1)
        try scene.deployment.apply("--confirm-timeout", "5m")
        try scene.moves(release: 1)
        try scene.deployment.bpfapply("rollback", scene.deployment.owner)
        try scene.moves(release: 2)
        try scene.compile("extending", release: 2)
        try scene.deployment.isSettled()

        // Somebody pins another program there.
        guard unlink(theirs) == 0 else { throw SandboxError("unlink: \(errno)") }
        try scene.compile("extended", release: 2)
        try scene.loadTheirs(at: theirs)
        try scene.deployment.drift(status: 2, saying: "attachment.verdict")
        try scene.deployment.plan(status: 2, saying: "another program is pinned at \(theirs)")
        try scene.deployment.apply(saying: "Done")
        try scene.deployment.isSettled()
        try Sandbox.run(
          [
            HookWitness.bpftool, "net", "attach", "xdpgeneric", "pinned", theirs, "dev", "uplink",
            "overwrite",
          ]
        ).succeeded()
        try scene.moves(release: 2)
        try scene.deployment.bpfapply(
          "destroy", "--auto-approve", scene.deployment.owner, saying: "Done")
      }
    }
  }
}

/// Packets that come to the uplink until it ends.
private final class Traffic {
  private var process: pid_t

  init() throws {
    let started = try Sandbox.run(
      ["sh", "-c", "ping -q -n -i 0.005 10.9.0.2 </dev/null >/dev/null 2>&1 & echo $!"]
    ).succeeded().output
    guard let id = pid_t(started.filter(\.isNumber)) else { throw SandboxError(started) }
    process = id
  }

  func end() {
    guard process != 0 else { return }
    kill(process, SIGKILL)
    process = 0
  }

  deinit { end() }
}

private struct Extended: ~Copyable {
  let deployment: Deployment

  init() throws {
    let deployment = try Deployment("extended")
    for name in ["extended", "extending"] {
      try deployment.compile(name, options: ["-DRELEASE=1", "-mcpu=v2"])
    }
    self.deployment = deployment
  }

  func compile(_ name: String, release: Int) throws {
    try deployment.compile(name, options: ["-DRELEASE=\(release)", "-mcpu=v2"])
  }

  /// Whether anybody may load such programs here: those that replace and those that trace fare alike.
  func isAllowed() throws -> Bool {
    let object = try Sandbox.compile(file: "examples/hooks/fentry/fentry.bpf.c")
    let result = try Sandbox.run(
      [HookWitness.bpftool, "prog", "loadall", object, "/sys/fs/bpf/probe"])
    _ = try Sandbox.run(["rm", "-rf", "/sys/fs/bpf/probe"])
    guard (result.errors + result.output).contains("not permitted") else { return true }
    print("freplace programs are refused here (EPERM); skipped")
    return false
  }

  func write(target: String, allowGap: Bool = false) throws {
    let isOurs = target.hasPrefix("program.")
    try deployment.write(
      """
      apiVersion: bpfapply/v1
      name: \(deployment.owner)
      objects:
        e: {file: extending.bpf.o}
        \(isOurs ? "t: {file: extended.bpf.o}" : "")
      programs:
        e/block: {attach_to: \(target)}
      attachments:
        verdict: {program: e/block, allow_gap: \(allowGap)}
        \(isOurs ? "uplink: {program: t/filter, xdp: {interface: uplink, mode: generic}}" : "")
      """)
  }

  func loadTheirs(at path: String) throws {
    try Sandbox.run(
      [
        HookWitness.bpftool, "prog", "load", "extended.bpf.o", path,
      ], directory: deployment.directory
    ).succeeded()
  }

  private func counter(_ map: String, _ slot: UInt32) throws -> Int {
    try Pinned.counter("\(deployment.pins)/maps/\(map)", slot)
  }

  /// Packets come to the extension of that release, and none has come to the program's own function.
  func sees(release: UInt32, _ when: String) throws {
    let before = try counter("e/guarded", release)
    try eventually("a packet at release \(release) \(when): \(try state())") {
      try counter("e/guarded", release) > before
    }
    let unguarded = try counter("t/unguarded", 0)
    try check(unguarded == 0, "\(unguarded) packets saw no extension \(when)")
  }

  private func state() throws -> String {
    let seen = try [1, 2].map { try counter("e/guarded", $0) }
    let links = try Sandbox.run([HookWitness.bpftool, "link"]).output
    return "\(seen) guarded, \(try counter("t/unguarded", 0)) not; \(links)"
  }

  /// A packet comes to the extension of that release.
  func moves(release: UInt32) throws {
    let before = try counter("e/guarded", release)
    try check(Uplink.reaches("10.9.0.2"), "no answer")
    try check(counter("e/guarded", release) > before, "release \(release) saw nothing")
  }
}
