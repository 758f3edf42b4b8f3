import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Operations of the kernel that maps implement: registered by a link, swapped, taken off.
@Suite struct StructOpsTests {
  private static func available() throws -> [Substring] {
    String(
      decoding: try Sandbox.read("/proc/sys/net/ipv4/tcp_available_congestion_control"),
      as: UTF8.self
    )
    .split { $0 == " " || $0 == "\n" }
  }

  private static func compile(
    _ name: String, _ deployment: borrowing Deployment, options: [String] = []
  ) throws {
    let object = try Sandbox.compile(file: "Tests/Fixtures/\(name).bpf.c", options: options)
    try deployment.write(Sandbox.read(object), to: "ops.bpf.o")
  }

  /// Whether this kernel lets anybody load such programs: some block the trampolines that they need.
  private static func isRefused(_ deployment: borrowing Deployment) throws -> Bool {
    let result = try Sandbox.run(
      ["bpftool", "prog", "loadall", "ops.bpf.o", "/sys/fs/bpf/probe"],
      directory: deployment.directory)
    _ = try Sandbox.run(["rm", "-rf", "/sys/fs/bpf/probe"])
    if result.status != 0, result.errors.contains("not permitted") {
      print("struct_ops programs are refused here (EPERM); skipped")
      return true
    }
    return false
  }

  @Test(.kernel, .since(6, 4)) func `a congestion control is registered, swapped and taken off`()
    async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("congestion")
        try StructOpsTests.compile("oracle/struct_ops_link", deployment)
        if try StructOpsTests.isRefused(deployment) { return }
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {o: {file: ops.bpf.o}}
          attachments: {cc: {struct_ops: {map: o/congestion}}}
          """)
        try deployment.plan(
          status: 2, saying: "map.o/congestion", "program.o/threshold", "attachment.cc")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(StructOpsTests.available().contains("bpf_linked"), "it is not registered")
        func link() throws -> LinkInfo {
          try Pinned.link("\(deployment.pins)/attachments/cc").info()
        }
        let (first, map) = try (link(), Pinned.map("\(deployment.pins)/maps/o/congestion").info.id)
        try check(first.target == .structOps(mapID: map), "the link holds \(first.target)")

        // Another program: a new map takes the old one's place in the live link.
        try StructOpsTests.compile("oracle/struct_ops_link", deployment, options: ["-DTHRESHOLD=4"])
        try deployment.plan(
          status: 2, saying: "program.o/threshold will be replaced",
          "map.o/congestion will be replaced", "attachment.cc will be updated in place")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(link().id == first.id, "the link was made anew")
        try check(link().target != first.target, "the link holds the old map")

        // Somebody detaches it.
        try Link(id: first.id).detach()
        try check(!StructOpsTests.available().contains("bpf_linked"), "it is still registered")
        try deployment.drift(status: 2, saying: "attachment.cc", "detached")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(StructOpsTests.available().contains("bpf_linked"), "it is not registered again")

        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try check(!StructOpsTests.available().contains("bpf_linked"), "it is still registered")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
      }
    }
  }

  @Test(.kernel, .since(6, 4)) func `a map that registers without a link says how to get one`()
    async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("plain-ops")
        try StructOpsTests.compile("oracle/struct_ops_plain", deployment)
        func write(_ more: String) throws {
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            objects: {o: {file: ops.bpf.o}}
            attachments: {cc: {struct_ops: {map: o/congestion}}}
            \(more)
            """)
        }
        try write("")
        try deployment.plan(status: 1, saying: "without a link", "map_flags: [link]")
        try write("maps: {o/congestion: {map_flags: [link]}}")
        if try StructOpsTests.isRefused(deployment) { return }
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(StructOpsTests.available().contains("bpf_plain"), "it is not registered")
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  /// It changes the scheduler of the whole machine, and so runs in the matrix's only.
  @Test(
    .kernel,
    .enabled(
      if: access("/dev/matrix-compile", F_OK) == 0
        && access("/sys/kernel/sched_ext/state", F_OK) == 0,
      "needs a test machine of Tests/matrix with sched_ext"))
  func `a scheduler is put in and taken out`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        func state() throws -> String {
          String(decoding: try Sandbox.read("/sys/kernel/sched_ext/state"), as: UTF8.self)
        }
        let deployment = try Deployment("scheduler")
        try StructOpsTests.compile("scheduler", deployment)
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {o: {file: ops.bpf.o}}
          attachments: {scx: {struct_ops: {map: o/scheduler}}}
          """)
        try deployment.apply(saying: "Done")
        let now = try state()
        try check(now == "enabled\n", "sched_ext is \(now)")
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("sched_ext is \(state())") { try state() == "disabled\n" }
      }
    }
  }
}
