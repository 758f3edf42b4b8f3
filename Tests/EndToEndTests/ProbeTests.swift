import BPFKernel
import Sandbox
import Testing

/// Hooks that a kernel can be built or booted without: taken where it has them, refused in the plan
/// where it does not.
@Suite struct ProbeTests {
  @Test(
    .kernel,
    arguments: [
      Probe(name: "kprobe", slot: 0, feature: "kprobes"),
      Probe(name: "kretprobe", slot: 1, feature: "kprobes"),
      Probe(name: "ksyscall", slot: 2, feature: "kprobes"),
      Probe(name: "fentry", slot: 3), Probe(name: "fexit", slot: 4),
      Probe(name: "lsm", slot: 5, feature: "lsm"),
    ])
  func `a probe runs, is upgraded and given up, or is refused in the plan`(
    _ probe: Probe
  ) async {
    await #expect(processExitsWith: .success) { [probe] in
      endToEnd {
        let deployment = try Deployment("probe")
        try deployment.compile("probes")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {p: {file: probes.bpf.o}}
          attachments: {it: {program: p/at_\(probe.name)}}
          """)
        if probe.isLacking {
          try deployment.plan(status: 4, saying: "this kernel", "has no")
          try deployment.apply(status: 4, saying: "has no")
          return
        }
        if probe.isTrampoline {
          guard try Probe.appliesTrampoline(deployment) else { return }
        } else {
          try deployment.apply(saying: "Done")
        }
        try deployment.isSettled()
        let runs = "\(deployment.pins)/maps/p/runs"
        let pin = "\(deployment.pins)/attachments/it"
        try Sandbox.run(["sleep", "0.01"]).succeeded()
        try check(Pinned.counter(runs, probe.slot) > 0, "\(probe.name) did not run")

        try Sandbox.run(["rm", pin]).succeeded()
        try deployment.drift(status: 2, saying: "its link is gone")
        try deployment.apply(saying: "Done")

        let before = try Pinned.link(pin).info()
        try deployment.compile("probes", options: ["-DRELEASE=2"])
        try deployment.plan(status: 2, saying: "both run for a moment")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(
          Pinned.link(pin).info().programID != before.programID, "the old program is there")
        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
      }
    }
  }
}

struct Probe: Codable, Sendable, CustomTestStringConvertible {
  var name: String
  /// Its place among the counters.
  var slot: UInt32
  /// What the kernel must have.
  var feature: String?

  var testDescription: String { name }
  var isTrampoline: Bool { ["fentry", "fexit", "lsm"].contains(name) }

  var isLacking: Bool {
    switch feature {
    case "kprobes": Feature.kprobes.isSupported == false || Feature.perfLinks.isSupported == false
    case "lsm": Feature.lsm.isSupported == false
    default: false
    }
  }

  /// Applies. Some hosts forbid programs that need trampolines: then the apply says so and leaves
  /// nothing, and the answer is false.
  static func appliesTrampoline(_ deployment: borrowing Deployment) throws -> Bool {
    let result = try Sandbox.run(
      [Deployment.executable, "apply", "--auto-approve", "manifest.yaml"],
      directory: deployment.directory)
    if result.status == 0 { return true }
    try result.ended(result.status, saying: ["not permitted"])
    try check(
      Objects.reachable(from: deployment.pins).ids.isEmpty, "a failed apply left something behind")
    return false
  }
}
