import BPFKernel
import Glibc
import Sandbox
import Testing

/// Probes at many places of a file: which ones, with which cookies, in which process, and what becomes
/// of them when the file is replaced.
@Suite struct ProbeSetTests {
  @Test(.kernel) func `each function has its cookie, and one process is seen`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("probes")
        func write(_ process: Int32) throws {
          try deployment.write(
            """
            uprobe_multi: {path: libc.so.6, functions: [getuid, geteuid], cookies: [3, 4], \
            pid: \(process)}
            """, program: "called")
        }
        try write(getpid())
        guard try deployment.isTaken() else { return }
        try deployment.isSettled()
        let runs = "\(deployment.pins)/maps/p/runs"
        for (slot, call) in [(3, getuid), (4, geteuid)] {
          let before = try Pinned.counter(runs, UInt32(slot))
          _ = call()
          try check(Pinned.counter(runs, UInt32(slot)) > before, "slot \(slot) did not move")
        }
        let info = try Pinned.link("\(deployment.pins)/attachments/it").info()
        guard case .uprobeMulti(_, let places, let process) = info.target else {
          throw SandboxError("\(info)")
        }
        try check(places.count == 2 && process == UInt32(getpid()), "\(info)")
        try check(Set(places.cookies) == [3, 4], "\(info)")

        let other = try Sandbox.start(["sleep", "600"])
        try write(other.process)
        try deployment.plan(status: 2, saying: "pid", "the new one takes over")
        try deployment.apply(saying: "Done")
        let before = try Pinned.counter(runs, 3)
        _ = getuid()
        try check(Pinned.counter(runs, 3) == before, "another process is seen")
        let id = other.process
        other.signal(SIGKILL)
        _ = other.wait()
        try deployment.drift(status: 2, saying: "process \(id)", "there is no such process")
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  @Test(.kernel) func `a pattern that nothing matches, and a place that moved`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("probes")
        try deployment.write(
          "uprobe_multi: {path: libc.so.6, functions: [getuid, \"no_such_*\"]}", program: "called")
        if Feature.uprobeMulti.isSupported == true {
          try deployment.plan(status: 4, saying: "it has no function that is called no_such_*")
        }
        try deployment.write(
          "uprobe_multi: {path: libc.so.6, functions: [getuid]}", program: "called")
        guard try deployment.isTaken() else { return }
        try deployment.write(
          "uprobe_multi: {path: libc.so.6, functions: [getuid, \"getpp?d\"]}", program: "called")
        try deployment.plan(status: 2, saying: "functions")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try Sandbox.run(["rm", "\(deployment.pins)/attachments/it"]).succeeded()
        try deployment.drift(status: 2, saying: "its link is gone")
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  @Test(.kernel) func `a static probe is read, and found again in the file's next version`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("probes")
        let python = deployment.path("python")
        func install() throws {
          try Sandbox.run(["sh", "-c", "cp -L /usr/bin/python3 \(python).new"]).succeeded()
          try Sandbox.run(["mv", "\(python).new", python]).succeeded()
        }
        func write(_ name: String) throws {
          try deployment.write(
            "usdt: {path: \(python), provider: python, name: \(name)}, cookie: 8",
            program: "collected")
        }
        try install()
        try write("gc__begin")
        if Feature.uprobeMulti.isSupported == true {
          try deployment.plan(
            status: 4, saying: "it has no static probe python:gc__begin", "python:gc__start")
        }
        try write("gc__start")
        guard try deployment.isTaken() else { return }
        try deployment.isSettled()
        let runs = "\(deployment.pins)/maps/p/runs"
        func collects() throws {
          // The cookie and the argument: 8 + 2.
          let before = try Pinned.counter(runs, 10)
          try Sandbox.run(
            [python, "-I", "-S", "-c", "import gc; gc.collect(2)"],
            environment: ["PYTHONHOME": "/usr"]
          ).succeeded()
          try check(Pinned.counter(runs, 10) > before, "no collection is seen")
        }
        try collects()
        try install()
        try deployment.drift(status: 2, saying: "is not on static probe python:gc__start")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try collects()
        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
      }
    }
  }
}

extension Deployment {
  fileprivate func write(_ hook: String, program: String) throws {
    try compile("probesets")
    try write(
      """
      apiVersion: bpfapply/v1
      name: \(owner)
      objects: {p: {file: probesets.bpf.o}}
      attachments: {it: {program: p/\(program), \(hook)}}
      """)
  }

  /// Applies; false where the kernel has no such links, and the plan says so.
  fileprivate func isTaken() throws -> Bool {
    guard Feature.uprobeMulti.isSupported != false else {
      try plan(status: 4, saying: "has no links to many uprobes", "Linux 6.6")
      return false
    }
    try apply(saying: "Done")
    return true
  }
}
