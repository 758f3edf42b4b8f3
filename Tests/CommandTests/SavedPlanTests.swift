import FakeKernel
import Planning
import Testing

@testable import bpfapply

/// Plans and hosts in files.
@Suite struct SavedPlanTests {
  static let changed = FakeHost.manifest.replacing("packets: 20", with: "packets: 21")

  @Test func whatWasSavedIsCarriedOut() throws {
    let host = FakeHost()
    #expect(try host.run("plan", "edge.yaml", "--out", "plan.json") == .done)
    #expect(host.output.contains("Saved: bpfapply apply plan.json"))
    #expect(host.mutatingCalls.isEmpty)
    // Nobody has to be asked: the plan is the approval.
    #expect(try host.run("apply", "plan.json") == .done, "\(host.errors)")
    #expect(try host.run("plan", "edge.yaml", "--detailed-exitcode") == .done)
    // Done, it is no longer what there is to do.
    #expect(try host.run("apply", "plan.json") == .stalePlan)
    #expect(host.errors.contains("map.flows: planned create, now no-op"), "\(host.errors)")
  }

  @Test func whatChangedSinceIsNamed() throws {
    let host = FakeHost()
    try host.run("plan", "edge.yaml", "--out", "plan.json")
    host.files["edge.yaml"] = Self.changed
    #expect(try host.run("apply", "plan.json") == .stalePlan)
    #expect(host.errors.contains("edge.yaml changed"), "\(host.errors)")
    #expect(host.mutatingCalls.isEmpty)

    // The kernel is another one than was planned for.
    try host.run("apply", "edge.yaml", "--auto-approve")
    host.files["edge.yaml"] = FakeHost.manifest
    try host.run("plan", "edge.yaml", "--out", "plan.json")
    host.kernel.unpinPath("/sys/fs/bpf/bpfapply/edge/maps/flows")
    #expect(try host.run("apply", "plan.json") == .stalePlan)
    #expect(host.errors.contains("map.flows: other fields or entries"), "\(host.errors)")
    #expect(try host.run("apply", "plan.json", "--allow-empty") == .usage)
    #expect(try host.run("apply", "plan.json", "--bpffs", "/mnt") == .stalePlan)
  }

  @Test func variablesAreKeptAndSecretsAreNot() throws {
    let host = FakeHost(
      manifest: FakeHost.manifest.replacing(
        "maps:", with: "variables: {size: {}, secret: {sensitive: true}}\nmaps:"
      ).replacing("max_entries: 16", with: "max_entries: \"${size}\"")
        .replacing("packets: 20", with: "packets: \"${secret}\""))
    #expect(
      try host.run(
        "plan", "edge.yaml", "--out", "plan.json", "--var", "size=32", "--var", "secret=918273")
        == .done, "\(host.errors)")
    let text = try #require(host.files["plan.json"])
    #expect(text.contains("\"size\": \"32\"") && !text.contains("918273"))
    #expect(try host.run("apply", "plan.json") == .error)
    #expect(try host.run("apply", "plan.json", "--var", "secret=1") == .stalePlan)
    #expect(host.errors.contains("the variable 'secret' has another value"), "\(host.errors)")
    #expect(try host.run("apply", "plan.json", "--var", "size=1") == .usage)
    #expect(
      try host.run("apply", "plan.json", "--var", "secret=918273") == .done, "\(host.errors)")
  }

  @Test func whatIsNoPlan() throws {
    let host = FakeHost()
    host.files["old.json"] = "{\"format_version\": \"9\", \"bpfapply_version\": \"9\"}"
    #expect(try host.run("apply", "old.json", "--auto-approve") == .error)
    #expect(host.errors.contains("has the format 9"))
    try host.run("plan", "edge.yaml", "--output", "json")
    host.files["view.json"] = host.output
    #expect(try host.run("apply", "view.json", "--auto-approve") == .error)
    #expect(host.errors.contains("plan --out FILE writes one"))
  }

  @Test func aHostIsPlannedForElsewhere() throws {
    let host = FakeHost()
    try host.run("apply", "edge.yaml", "--auto-approve")
    #expect(try host.run("snapshot", "edge.yaml", "--out", "host.json") == .done, "\(host.errors)")
    host.files["edge.yaml"] = Self.changed
    try host.run("plan", "edge.yaml")
    let here = host.output

    let elsewhere = FakeHost(manifest: Self.changed)
    elsewhere.files["host.json"] = host.files["host.json"]
    #expect(
      try elsewhere.run("plan", "edge.yaml", "--against", "host.json") == .done,
      "\(elsewhere.errors)")
    #expect(elsewhere.output == here)
    #expect(elsewhere.kernel.calls.isEmpty)
    // The plan that was made there is applied here.
    try elsewhere.run("plan", "edge.yaml", "--against", "host.json", "--out", "plan.json")
    host.files["plan.json"] = elsewhere.files["plan.json"]
    #expect(try host.run("apply", "plan.json") == .done, "\(host.errors)")

    elsewhere.files["edge.yaml"] = Self.changed.replacing("name: edge", with: "name: other")
    #expect(try elsewhere.run("plan", "edge.yaml", "--against", "host.json") == .error)
    #expect(elsewhere.errors.contains("tells nothing of 'other'"))
    elsewhere.files["host.json"] = "{}"
    #expect(try elsewhere.run("plan", "edge.yaml", "--against", "host.json") == .error)
  }

  @Test func sensitiveContentsAreInNoFile() throws {
    let host = FakeHost(
      manifest: FakeHost.manifest.replacing(
        "max_entries: 16", with: "max_entries: 16\n    sensitive: true"
      ).replacing("packets: 20", with: "packets: 1311768467463790320"))
    try host.run("apply", "edge.yaml", "--auto-approve")
    let digest = try #require(
      host.kernel.inventory(root: "/sys/fs/bpf/bpfapply/edge")?.resources[.map("flows")]?
        .current?.spec["entries.digest"])
    #expect(try host.run("snapshot") == .done)
    #expect(host.output.contains("\"owners\":{\"edge\""))
    #expect(!host.output.contains(digest.description))
    // 0x123456789abcdef0 as the map holds it.
    #expect(!host.output.contains("240,222,188,154,120,86,52,18"))
  }
}
