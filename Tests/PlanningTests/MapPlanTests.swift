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
    #expect(
      Scenario().plan().brief() == """
        create map.flows [config] -
        create map.fw/.rodata [config] -
        create map.fw/blocklist [config] -
        create program.fw/filter [config] -
        create attachment.uplink/eth0 [config] -
        create pin.shared [config] -
        > create map.flows
        > create map.fw/.rodata
        > create map.fw/blocklist
        > load program.fw/filter
        > intent
        > stage map.flows
        > stage map.fw/.rodata
        > stage map.fw/blocklist
        > stage program.fw/filter
        > stage pin.shared
        > link attachment.uplink/eth0
        > stage attachment.uplink/eth0
        > publish map.flows
        > publish map.fw/.rodata
        > publish map.fw/blocklist
        > publish program.fw/filter
        > publish attachment.uplink/eth0
        > publish pin.shared
        > final
        """)
  }

  @Test func sizeForcesReplacementAndCascades() {
    var scenario = Scenario.applied()
    scenario.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    #expect(
      scenario.plan().brief() == """
        replace map.fw/blocklist [config] max_entries cannot be changed in place
          max_entries: 16 -> 32 (config) !
        replace program.fw/filter [config] map.fw/blocklist is replaced
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        update pin.shared [config] map.fw/blocklist is replaced
        > create map.fw/blocklist
        > load program.fw/filter
        > intent
        > stage map.fw/blocklist
        > stage program.fw/filter
        > stage pin.shared
        > swap attachment.uplink/eth0
        > publish map.fw/blocklist
        > publish program.fw/filter
        > publish pin.shared
        > unpin pin.shared /sys/fs/bpf/bpfapply/edge/next/pins/shared
        > unpin program.fw/filter /sys/fs/bpf/bpfapply/edge/next/programs/fw/filter
        > unpin map.fw/blocklist /sys/fs/bpf/bpfapply/edge/next/maps/fw/blocklist
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func replacementIsRefusedWhereContentsWouldBeLost() {
    var scenario = Scenario.applied()
    scenario.edit(map: "flows") { $0.map.valueSize = 16 }
    #expect(
      scenario.plan().brief(steps: false) == """
        replace map.flows [config] value_size cannot be changed in place
          value_size: 8 -> 16 (config) !
          BLOCK replace-refused: replacing map.flows would lose what is in it: value_size cannot be changed in place
            hint: set on_replace: migrate on maps.flows to keep it, or recreate to lose it
            hint: leave it as it is
        replace program.fw/filter [config] map.flows is replaced
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        """)
    #expect(!scenario.plan().isApplicable)
  }

  @Test func migrationNamesTheProgramsThatStayUntilTheEnd() {
    var desired = Fixture.firewall()
    desired.programs.append(
      Fixture.program(
        "fw/trace", code: 0, type: .tracepoint, attachType: nil, maps: ["flows": "flows"]))
    desired.attachments.append(
      Fixture.attachment(
        "trace", "fw/trace", .tracepoint(category: "sched", name: "sched_switch")))
    var scenario = Scenario.applied(desired)
    scenario.edit(map: "flows") {
      $0.map.maxEntries = 128
      $0.onReplace = .migrate
    }
    let flows = scenario.plan().changes.first { $0.address == .map("flows") }
    #expect(
      flows?.consequences.filter { $0.contains("until the apply ends") } == [
        "attachment.trace runs its old program until the apply ends: what that writes after the "
          + "contents were carried over is missed"
      ])
  }

  @Test func protectionStandsAgainstRecreation() {
    var scenario = Scenario.applied()
    scenario.edit(map: "flows") {
      $0.protect = true
      $0.onReplace = .recreate
    }
    #expect(
      scenario.plan().brief() == """
        update map.flows [config] protect is recorded
          protect: false -> true (config)
        > final
        """)
    scenario.apply()
    scenario.edit(map: "flows") { $0.map.maxEntries = 128 }
    #expect(
      scenario.plan().brief(steps: false) == """
        replace map.flows [config] max_entries cannot be changed in place
          max_entries: 64 -> 128 (config) !
          ! its contents are lost
          BLOCK protected: map.flows is protected, and max_entries cannot be changed in place
            hint: set protect: false on maps.flows
            hint: pass --unprotect map.flows
            hint: leave it as it is
        replace program.fw/filter [config] map.flows is replaced
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        """)
  }

  @Test func entriesChangedBehindOurBack() {
    var scenario = Scenario.applied()
    let id = scenario.id(.map("fw/blocklist"))
    scenario.kernel.write([1, 0, 0, 0], nil, in: id)
    scenario.kernel.write([2, 0, 0, 0], [9, 0, 0, 0], in: id)
    scenario.kernel.write([3, 0, 0, 0], [1, 0, 0, 0], in: id)
    #expect(
      scenario.plan().brief() == """
        update map.fw/blocklist [drift] 1 entry missing, 1 entry different, 1 entry too many
          [1] - -> 1
          [2] 9 -> 1
          [3] 1 -> -
        > intent
        > entries map.fw/blocklist
        > final
        """)
    #expect(
      scenario.drift().brief() == """
        update map.fw/blocklist [drift] its entries are not those that were applied (to see which, run drift with the manifest, edge.yaml, that they were applied from)
          entries.digest: 0ec93a87378d1a9a4e0289a5228389d7287272b6e3a0411c7de563aa4129126a -> 75ccd0b9c0783a62623882ea48b2c1a9715d43a624f03a3ad91d0e8909c826e3 (drift)
        """)
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
    #expect(scenario.drift().brief() == "")
    scenario.edit(map: "fw/blocklist") { $0 = Fixture.blocklist([2: 1], policy: .merge) }
    #expect(
      scenario.plan().brief() == """
        update map.fw/blocklist [config] 1 entry too many
          [1] 1 -> -
        > intent
        > entries map.fw/blocklist
        > final
        """)
  }

  @Test func mergedEntriesThatAreGoneAreDrift() {
    var scenario = Scenario(Fixture.firewall())
    scenario.edit(map: "fw/blocklist") { $0 = Fixture.blocklist(policy: .merge) }
    scenario.apply()
    scenario.kernel.write([1, 0, 0, 0], nil, in: scenario.id(.map("fw/blocklist")))
    #expect(
      scenario.drift().brief() == """
        update map.fw/blocklist [drift] 1 applied entry missing (to see which, run drift with the manifest, edge.yaml, that they were applied from)
          entries: 1 of those applied -> 2 entries (drift)
        """)
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
    #expect(
      scenario.plan().brief() == """
        update map.limits [drift] 1 entry different
          [1] [5, 6] -> 5
        > intent
        > entries map.limits
        > final
        """)
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
    #expect(
      scenario.plan().brief() == """
        update map.limits [drift] 1 entry different
          [2] 3 -> 0
        > intent
        > entries map.limits
        > final
        """)
  }

  @Test func frozenContentsForceReplacement() {
    var scenario = Scenario.applied()
    scenario.edit(map: "fw/.rodata") { $0 = Fixture.rodata(8) }
    #expect(
      scenario.plan().brief() == """
        replace map.fw/.rodata [config] its contents change and it is frozen
          [limit] 7 -> 8
        replace program.fw/filter [config] map.fw/.rodata is replaced
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        > create map.fw/.rodata
        > load program.fw/filter
        > intent
        > stage map.fw/.rodata
        > stage program.fw/filter
        > swap attachment.uplink/eth0
        > publish map.fw/.rodata
        > publish program.fw/filter
        > unpin program.fw/filter /sys/fs/bpf/bpfapply/edge/next/programs/fw/filter
        > unpin map.fw/.rodata /sys/fs/bpf/bpfapply/edge/next/maps/fw/%2Erodata
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func freezing() {
    var scenario = Scenario.applied()
    scenario.edit(map: "flows") { $0.freeze = true }
    #expect(
      scenario.plan().brief() == """
        update map.flows [config] it is not frozen
          freeze: false -> true (config)
        > intent
        > freeze map.flows
        > final
        """)
    scenario.apply()
    scenario.edit(map: "flows") {
      $0.freeze = false
      $0.onReplace = .recreate
    }
    #expect(
      scenario.plan().brief(steps: false) == """
        replace map.flows [config] freeze cannot be changed in place
          freeze: true -> false (config) !
          ! its contents are lost
        replace program.fw/filter [config] map.flows is replaced
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        """)
  }

  @Test func foreignUsersOfAMapBlockItsReplacement() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.programs.append(
      ObservedProgram(
        id: 900, name: "monitor", type: .tracing, tag: "00112233aabbccdd",
        mapIDs: [scenario.id(.map("fw/blocklist"))]))
    scenario.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    #expect(
      scenario.plan().changes.flatMap(\.blocks).map(\.message) == [
        "programs that are not ours use map.fw/blocklist: monitor, tag 00112233aabbccdd"
      ])
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
    #expect(
      scenario.plan().changes.flatMap(\.blocks).map(\.message) == [
        "the map at /sys/fs/bpf/theirs does not fit: max_entries is 32, not 64"
      ])
    theirs.maxEntries = 64
    scenario.kernel.observed.maps[0] = theirs
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(scenario.kernel.observed.programs.first?.mapIDs.contains(77) == true)
    #expect(scenario.kernel.observed.inventory?.resources[.map("flows")] == nil)
  }

  @Test func whatTheInventoryRecordsIsReadAsWell() {
    let scenario = Scenario.applied()
    let scope = ObservationScope(owner: "edge", root: Fixture.root)
    let wanted = Ownership.contentsToRead(scope, observedSoFar: scenario.kernel.observed)
    #expect(Set(wanted.keys) == ["fw/.rodata", "fw/blocklist"])
    #expect(wanted["fw/blocklist"] == scenario.id(.map("fw/blocklist")))
    let full = ObservationScope(desired: scenario.desired)
    #expect(full.paths == ["/sys/fs/bpf/shared/blocklist"])
    #expect(full.hooks == [Fixture.xdp().hook])
  }

  @Test func aFrozenStateThatIsNotKnownIsBelieved() {
    var scenario = Scenario.applied()
    scenario.edit(map: "flows") { $0.freeze = true }
    scenario.apply()
    scenario.edit(map: .map("flows")) { $0.frozen = nil }
    #expect(scenario.plan().isEmpty)
    scenario.edit(map: "flows") { $0.freeze = false }
    #expect(scenario.plan().changes.first { $0.address == .map("flows") }?.action == .replace)
  }
}
