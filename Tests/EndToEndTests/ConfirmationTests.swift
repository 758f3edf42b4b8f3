import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Changes that are taken back by themselves. The peer's own address is what a change blocks here:
/// whoever works from there has cut the branch that they sit on.
@Suite struct ConfirmationTests {
  @Test(.kernel) func `a session that cuts itself off and is killed is let in again`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let stand = try Stand()
        let before = try Snapshot.take()
        try stand.blockPeer()
        // As sshd and logind would: a session, a terminal and a cgroup of its own.
        let login = try TemporaryCgroup()
        let session = try Sandbox.start(
          ["setsid", "script", "-qec"]
            + [
              "echo $$ > \(login.directory)/cgroup.procs && \(Deployment.executable) apply "
                + "--auto-approve --confirm-timeout 3s manifest.yaml && sleep 1000"
            ] + ["/dev/null"], directory: stand.deployment.directory)
        try eventually("the branch to be cut") { try Uplink.answers(of: 1) == 0 }
        try eventually("the apply to be done") {
          try stand.deployment.confirmation() == .final
        }
        // The end of the login: first the terminal goes, then all of its cgroup.
        session.signal(SIGHUP)
        try login.kill()
        _ = session.wait()
        try eventually("the peer to be let in again") { try Uplink.answers(of: 1) == 1 }
        try stand.isAsBefore(before)
        try stand.deployment.bpfapply(
          "confirm", stand.deployment.owner, status: 6, saying: "taken back")
      }
    }
  }

  @Test(.kernel) func `confirmed in time it stands, and nobody applies meanwhile`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let stand = try Stand()
        let owner = stand.deployment.owner
        try stand.deployment.bpfapply("confirm", owner, status: 1, saying: "no change")
        try stand.blockPeer()
        try stand.deployment.apply(
          "--confirm-timeout", "1h", saying: "bpfapply confirm \(owner)")
        try stand.deployment.plan(saying: "No changes.", "is taken back in")
        try stand.deployment.drift(saying: "no drift", "is taken back in")
        try stand.deployment.apply(status: 4, saying: "waits to be confirmed")
        try stand.deployment.bpfapply(
          "destroy", "--auto-approve", owner, status: 4, saying: "waits to be confirmed")
        try stand.deployment.bpfapply("confirm", owner, saying: "stands")
        try stand.isWithoutTraces()
        try stand.deployment.isSettled()
        try check(Uplink.answers(of: 1) == 0, "the change does not stand")
      }
    }
  }

  /// Whoever reads a pipe until nobody can write to it any more, as CI runners do, gets to its end.
  @Test(.kernel) func `the watchdog holds nothing of its caller's`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let stand = try Stand()
        try stand.blockPeer()
        let script = "\"$0\" \"$@\" 7>&1 >/dev/null 2>&1 | cat"
        try Sandbox.run(
          ["sh", "-c", script, Deployment.executable, "apply", "--auto-approve"]
            + ["--confirm-timeout", "40s", "manifest.yaml"],
          directory: stand.deployment.directory
        ).succeeded()
        // In time: the end of the pipe came before that of the watchdog.
        try stand.deployment.bpfapply("confirm", stand.deployment.owner, saying: "stands")
        try stand.isWithoutTraces()
      }
    }
  }

  @Test(.kernel) func `taken back at once, links stand where they stood`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let stand = try Stand()
        let index = try #require(try NetworkInterface.index(of: "uplink"), "the interface")
        var others: [Link] = []
        for place in [HookPosition.Place.first, .last] {
          others.append(
            try Link.create(
              foreignProgram(.schedCls, .tcxIngress, returning: -1),
              on: .tcx(interface: index, type: .tcxIngress, position: HookPosition(place))))
        }
        func order() throws -> [UInt32] {
          try HookPrograms(on: .interface(index), type: .tcxIngress).entries.map(\.programID)
        }
        let (before, stood) = (try Snapshot.take(), try order())
        try check(stood.count == 3, "\(stood)")
        // Everything but the XDP program goes, and another release of that comes.
        try stand.deployment.compile("watch", options: ["-DRELEASE=2"])
        try stand.deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(stand.deployment.owner)
          objects: {w: {file: watch.bpf.o}}
          attachments:
            xdp: {program: w/receive, xdp: {interface: uplink, mode: native}}
          """)
        try stand.deployment.apply("--confirm-timeout", "1h")
        try check(order().count == 2, "the link was not removed")
        try stand.deployment.bpfapply("rollback", stand.deployment.owner, saying: "taken back")
        try check(order() == stood, "another order than \(stood)")
        let links = Set(
          ["tcx/uplink", "exec"].map { "\(stand.deployment.pins)/attachments/\($0)" })
        try before.isUnchanged(in: Snapshot.take(), except: links, after: "the rollback")
        try stand.isWithoutTraces()
        try stand.restoreManifest()
        try stand.deployment.isSettled()
        withExtendedLifetime(others) {}
      }
    }
  }

  @Test(.kernel, arguments: [1, 3, 5])
  func `a killed apply is taken back in time`(rename: Int) async {
    await #expect(processExitsWith: .success) { [rename = rename as Int] in
      endToEnd {
        let stand = try Stand()
        let before = try Snapshot.take()
        try stand.blockPeer()
        try stand.deployment.compile("watch", options: ["-DRELEASE=2"])
        let killed = try Sandbox.run(
          ["strace", "-qq", "-o", "/dev/null", "-e", "trace=renameat2"]
            + ["-e", "inject=renameat2:signal=KILL:when=\(rename)", Deployment.executable]
            + ["apply", "--auto-approve", "--confirm-timeout", "2s", "manifest.yaml"],
          directory: stand.deployment.directory)
        try check(killed.status == 128 + SIGKILL, "\(killed.errors)\(killed.output)")
        try eventually("the change to be taken back") {
          // What vanishes while the snapshot is taken fails it.
          try stand.deployment.confirmation() == nil && (try? Snapshot.take()) == before
        }
        try stand.isAsBefore(before)
      }
    }
  }

  @Test(.kernel) func `when the watchdog was killed, the next apply takes the change back`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let stand = try Stand()
        let before = try Snapshot.take()
        try stand.blockPeer()
        try stand.deployment.compile("watch", options: ["-DRELEASE=2"])
        try stand.deployment.apply("--confirm-timeout", "5s")
        try ProcessGroup("bpfapply-watchdog-\(stand.deployment.owner)").end()
        try eventually("the deadline") {
          try stand.deployment.bpfapply("plan", "manifest.yaml").errors.contains(
            "not taken back yet")
        }
        try stand.restoreManifest()
        try stand.deployment.apply(saying: "taken back")
        try stand.isAsBefore(before, anew: "exec")
      }
    }
  }

  @Test(.kernel) func `what cannot be taken back is refused`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let stand = try Stand()
        let before = try Snapshot.take()
        try stand.deployment.write(
          stand.deployment.watch().replacing(
            "  w/blocked:\n", with: "  w/blocked:\n    freeze: true\n"))
        try stand.deployment.apply(
          "--confirm-timeout", "1h", status: 4, saying: "map.w/blocked would be frozen")
        try before.isUnchanged(in: Snapshot.take(), after: "a refused apply")
        try stand.restoreManifest()
        try stand.blockPeer()
        let shut = try Sandbox.run(
          ["unshare", "--pid", "--fork", "--mount-proc", Deployment.executable, "apply"]
            + ["--auto-approve", "--confirm-timeout", "1h", "manifest.yaml"],
          directory: stand.deployment.directory)
        try shut.ended(4, saying: ["PID namespace"])
        try before.isUnchanged(in: Snapshot.take(), after: "a refused apply")
      }
    }
  }

  @Test(.kernel) func `a first apply leaves nothing when it is taken back`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment()
        try deployment.compile("watch")
        try deployment.write(deployment.watch())
        try deployment.apply("--confirm-timeout", "1h")
        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("rollback", deployment.owner, saying: "taken back")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
        let left = try BPFFilesystem().root.walk()
        try check(
          left.pins.allSatisfy { $0.path.hasSuffix(".debug") } && left.directories.isEmpty,
          "left: \(left.pins.map(\.path)) \(left.directories)")
        try deployment.bpfapply("confirm", deployment.owner, status: 6, saying: "taken back")
      }
    }
  }
}

/// An applied manifest, whose next change blocks the peer.
private struct Stand: ~Copyable {
  let deployment: Deployment

  init() throws {
    try Uplink.make()
    let applied = try Deployment()
    try applied.applyWatch()
    deployment = applied
  }

  func blockPeer() throws {
    try deployment.write(
      deployment.watch().replacing("10.9.0.3, value: 1", with: "10.9.0.2, value: 1"))
  }

  func restoreManifest() throws {
    try deployment.compile("watch")
    try deployment.write(deployment.watch())
  }

  /// `anew`: an attachment whose link cannot be updated, and is another one after the change was
  /// made and taken back.
  func isAsBefore(_ before: Snapshot, anew: String? = nil) throws {
    let links = Set([anew].compactMap(\.self).map { "\(deployment.pins)/attachments/\($0)" })
    try before.isUnchanged(in: Snapshot.take(), except: links, after: "the change was taken back")
    try isWithoutTraces()
    try restoreManifest()
    try deployment.isSettled()
    try check(Uplink.answers(of: 1) == 1, "the peer is not answered")
    try check(Uplink.answers(of: 1, from: "10.9.0.3") == 0, "the blocked address is answered")
  }

  /// No staging, nothing kept of before, no watchdog.
  func isWithoutTraces() throws {
    let tree = try BPFFilesystem().root.walk()
    let left = tree.pins.map(\.path).filter { $0.contains("/next/") || $0.contains("/former/") }
    try check(left.isEmpty, "left behind: \(left)")
    let watchdog = "\(try Cgroup.mountPath())/bpfapply-watchdog-\(deployment.owner)"
    try eventually("the end of the watchdog") { access(watchdog, F_OK) != 0 }
  }
}

extension Deployment {
  enum RecordedState { case intent, final }

  /// What the inventory says while a change waits to be confirmed; nil when none does.
  fileprivate func confirmation() throws -> RecordedState? {
    guard let map = try? Pinned.map("\(pins)/inventory"), let bytes = try map.lookup([0, 0, 0, 0])
    else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.contains("\"confirmation\"") else { return nil }
    return text.contains("\"state\":\"intent\"") ? .intent : .final
  }
}

extension String {
  /// With the first occurrence of a text replaced.
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}
