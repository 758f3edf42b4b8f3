import BPFObject
import Planning
import Testing

@Suite struct MapPlanTests {
  @Test func nothingToDoAfterAnApply() {
    let scenario = Scenario.applied()
    #expect(scenario.plan().brief() == "")
    #expect(scenario.plan().isEmpty)
  }

  @Test func creation() {
    #expect(Scenario().plan().brief() == "X")
  }

  @Test func sizeForcesReplacementAndCascades() {
    var scenario = Scenario.applied()
    scenario.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func replacementIsRefusedWhereContentsWouldBeLost() {
    var scenario = Scenario.applied()
    scenario.edit(map: "flows") { $0.map.valueSize = 16 }
    #expect(scenario.plan().brief(steps: false) == "X")
    #expect(!scenario.plan().isApplicable)
  }

  @Test func protectionStandsAgainstRecreation() {
    var scenario = Scenario.applied()
    scenario.edit(map: "flows") { $0.protect = true; $0.onReplace = .recreate }
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    scenario.edit(map: "flows") { $0.map.maxEntries = 128 }
    #expect(scenario.plan().brief(steps: false) == "X")
  }

  @Test func entriesChangedBehindOurBack() {
    var scenario = Scenario.applied()
    let id = scenario.id(.map("fw/blocklist"))
    scenario.kernel.write([1, 0, 0, 0], nil, in: id)
    scenario.kernel.write([2, 0, 0, 0], [9, 0, 0, 0], in: id)
    scenario.kernel.write([3, 0, 0, 0], [1, 0, 0, 0], in: id)
    #expect(scenario.plan().brief() == "X")
    #expect(scenario.drift().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func entriesChangedInTheManifestAndOnTheHost() {
    var scenario = Scenario.applied()
    scenario.edit(map: "fw/blocklist") { $0.entries = Fixture.blocklist([1: 1, 5: 1]).entries }
    #expect(scenario.plan().changes.first { $0.entries != nil }?.cause == .config)
    scenario.kernel.write([1, 0, 0, 0], [7, 0, 0, 0], in: scenario.id(.map("fw/blocklist")))
    #expect(scenario.plan().changes.first { $0.entries != nil }?.cause == .both)
  }

  @Test func mergeLeavesOthersAndTakesItsOwnBack() {
    var scenario = Scenario(Fixture.firewall())
    scenario.edit(map: "fw/blocklist") { $0 = Fixture.blocklist(policy: .merge) }
    scenario.apply()
    scenario.kernel.write([9, 0, 0, 0], [9, 0, 0, 0], in: scenario.id(.map("fw/blocklist")))
    #expect(scenario.plan().isEmpty)
    scenario.edit(map: "fw/blocklist") { $0 = Fixture.blocklist([2: 1], policy: .merge) }
    #expect(scenario.plan().brief() == "X")
  }

  @Test func seedIsNeverLookedAtAgain() {
    var scenario = Scenario(Fixture.firewall())
    scenario.edit(map: "fw/blocklist") { $0 = Fixture.blocklist(policy: .seed) }
    scenario.apply()
    scenario.kernel.write([1, 0, 0, 0], nil, in: scenario.id(.map("fw/blocklist")))
    #expect(scenario.plan().isEmpty)
  }

  @Test func initialValuesMayChange() {
    var scenario = Scenario(Fixture.firewall())
    scenario.edit(map: "fw/blocklist") { $0.entries?.enforceValues = false }
    scenario.apply()
    scenario.kernel.write([1, 0, 0, 0], [200, 0, 0, 0], in: scenario.id(.map("fw/blocklist")))
    #expect(scenario.plan().isEmpty)
  }

  @Test func perCPUValuesAreComparedForEachCPU() {
    var desired = Fixture.empty()
    var map = Fixture.map("limits", .percpuHash, key: 4, value: 4, count: 8)
    map.entries = DesiredEntries(policy: .exact, table: Fixture.table([1: 5]))
    desired.maps = [map]
    var scenario = Scenario.applied(desired)
    #expect(scenario.plan().isEmpty)
    var value = [UInt8](repeating: 0, count: 16)
    (value[0], value[8]) = (5, 6)
    scenario.kernel.write([1, 0, 0, 0], value, in: scenario.id(.map("limits")))
    #expect(scenario.plan().brief() == "X")
  }

  @Test func anArrayIsZeroWhereNothingIsDeclared() {
    var desired = Fixture.empty()
    var map = Fixture.map("limits", .array, key: 4, value: 4, count: 4)
    map.entries = DesiredEntries(policy: .exact, table: Fixture.table([1: 5]))
    desired.maps = [map]
    var scenario = Scenario.applied(desired)
    let id = scenario.id(.map("limits"))
    for index in [0, 2, 3] as [UInt8] {
      scenario.kernel.write([index, 0, 0, 0], [0, 0, 0, 0], in: id)
    }
    #expect(scenario.plan().isEmpty)
    #expect(scenario.drift().brief() == "")
    scenario.kernel.write([2, 0, 0, 0], [3, 0, 0, 0], in: id)
    #expect(scenario.plan().brief() == "X")
  }

  @Test func frozenContentsForceReplacement() {
    var scenario = Scenario.applied()
    scenario.edit(map: "fw/.rodata") { $0 = Fixture.rodata(8) }
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func freezing() {
    var scenario = Scenario.applied()
    scenario.edit(map: "flows") { $0.freeze = true }
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    scenario.edit(map: "flows") { $0.freeze = false; $0.onReplace = .recreate }
    #expect(scenario.plan().brief(steps: false) == "X")
  }

  @Test func foreignUsersOfAMapBlockItsReplacement() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.programs.append(
      ObservedProgram(
        id: 900, name: "monitor", type: .tracing, tag: "00112233aabbccdd",
        mapIDs: [scenario.id(.map("fw/blocklist"))]))
    scenario.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.message) == ["X"])
    #expect(scenario.plan(PlanOptions(strandUsers: true)).isApplicable)
  }

  @Test func externalMapsAreOnlyChecked() {
    var scenario = Scenario()
    scenario.edit(map: "flows") { $0.external = "/sys/fs/bpf/theirs" }
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["external-missing"])
    var theirs = ObservedMap(
      id: 77, name: "flows", type: .lruHash, keySize: 4, valueSize: 8, maxEntries: 32)
    scenario.kernel.observed.maps.append(theirs)
    scenario.kernel.observed.pins.append(
      ObservedPin(path: "/sys/fs/bpf/theirs", kind: .map, id: 77))
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.message) == ["X"])
    theirs.maxEntries = 64
    scenario.kernel.observed.maps[0] = theirs
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(scenario.kernel.observed.programs.first?.mapIDs.contains(77) == true)
    #expect(scenario.kernel.observed.inventory?.resources[.map("flows")] == nil)
  }
}
