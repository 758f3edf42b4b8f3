import FakeKernel
import Glibc
import Planning
import Reconciling
import Sandbox
import Testing

/// Random manifests, random tampering, random kills; then one apply, and the host is as it should be.
///
/// The seed is always the same, so that a failure belongs to the change at hand; `ORDEAL_SEED=random`
/// or a number takes another, which failures name. In CI there are more rounds.
@Suite struct OrdealTests {
  static let rounds = Sandbox.isRequired ? 500 : 100
  static let seed: UInt64 =
    switch getenv("ORDEAL_SEED").map({ String(cString: $0) }) {
    case nil: 20_260
    case "random": UInt64.random(in: 1...999_999_999)
    case let text?: UInt64(text) ?? 0
    }

  @Test func `any history ends as the manifest says`() throws {
    let host = FakeKernel()
    let interfaces = ["eth0", "eth1"].map { InterfaceName(name: $0) }
    for interface in interfaces { host.addInterface(interface.name) }
    let cgroups = ["/sys/fs/cgroup/web", "/sys/fs/cgroup/db"]
    for cgroup in cgroups { host.addCgroup(cgroup) }
    var ordeal = Ordeal(
      RandomManifest(
        owner: "ordeal", root: "\(FakeKernel.mount)/bpfapply/ordeal", interfaces: interfaces,
        cgroups: cgroups), seed: OrdealTests.seed
    ) { host }
    for number in 0..<OrdealTests.rounds {
      try ordeal.round("seed \(OrdealTests.seed), round \(number)")
    }
    #expect(host.handles == 0, "descriptors leak")
    print("ordeal: \(OrdealTests.rounds) rounds on the fake kernel, seed \(OrdealTests.seed)")
  }

  @Test(.kernel) func `any history ends as the manifest says on the live kernel`() async {
    await #expect(processExitsWith: .success) { [seed = OrdealTests.seed as UInt64] in
      sandboxed {
        try Sandbox.makeVethPair("o0", "o1")
        let web = try TemporaryCgroup()
        let db = try TemporaryCgroup()
        // They are removed after their last use.
        defer { _ = (web.path, db.path) }
        var ordeal = Ordeal(
          RandomManifest(
            owner: "ordeal", root: "/sys/fs/bpf/bpfapply/ordeal",
            interfaces: ["o0", "o1"].map { InterfaceName(name: $0) },
            cgroups: [web.path, db.path]), seed: seed
        ) { LiveKernel() }
        for number in 0..<OrdealTests.rounds { try ordeal.round("seed \(seed), round \(number)") }
      }
    }
    print("ordeal: \(OrdealTests.rounds) rounds on the live kernel, seed \(OrdealTests.seed)")
  }
}
