import BPFObject
import Planning
import Testing

/// Programs that reach each other through the slots of a prog array.
@Suite struct PipelinePlanTests {
  static func pipeline(entry: Int32 = 1, tail: Int32 = 1) -> DesiredState {
    var state = Fixture.empty()
    var jumps = Fixture.map(
      "fw/jumps", .progArray, key: 4, value: 4, count: 4, onReplace: .recreate)
    jumps.entries = DesiredEntries(
      policy: .exact, table: Fixture.table([0: 0]),
      references: [[0, 0, 0, 0]: [.program("fw/tail", offset: 0)]])
    state.maps = [jumps]
    state.programs = [
      Fixture.program("fw/filter", code: entry, maps: ["jumps": "fw/jumps"]),
      Fixture.program("fw/tail", code: 100 + tail),
    ]
    state.attachments = [Fixture.xdp()]
    return state
  }

  @Test func creation() {
    var scenario = Scenario(PipelinePlanTests.pipeline())
    #expect(
      scenario.plan().brief() == """
        create map.fw/jumps [config] -
        create program.fw/filter [config] -
        create program.fw/tail [config] -
        create attachment.uplink/eth0 [config] -
        > create map.fw/jumps
        > load program.fw/filter
        > load program.fw/tail
        > fill map.fw/jumps
        > intent
        > stage map.fw/jumps
        > stage program.fw/filter
        > stage program.fw/tail
        > link attachment.uplink/eth0
        > stage attachment.uplink/eth0
        > publish map.fw/jumps
        > publish program.fw/filter
        > publish program.fw/tail
        > publish attachment.uplink/eth0
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }

  @Test func aTailAloneIsExchangedInItsSlot() {
    var scenario = Scenario.applied(PipelinePlanTests.pipeline())
    scenario.desired = PipelinePlanTests.pipeline(tail: 2)
    #expect(
      scenario.plan().brief() == """
        update map.fw/jumps [config] 1 entry different
          [0] fw/tail -> fw/tail (new)
        replace program.fw/tail [config] its code or what decides it changed
          digest: code-101 -> code-102 (config) !
        > load program.fw/tail
        > intent
        > stage program.fw/tail
        > publish program.fw/tail
        > entries map.fw/jumps
        > unpin program.fw/tail /sys/fs/bpf/bpfapply/edge/next/programs/fw/tail
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }

  @Test func entryAndTailTogetherGetAFreshArray() {
    var scenario = Scenario.applied(PipelinePlanTests.pipeline())
    scenario.desired = PipelinePlanTests.pipeline(entry: 2, tail: 2)
    #expect(
      scenario.plan().brief() == """
        replace map.fw/jumps [config] program.fw/filter and program.fw/tail change together
          [0] fw/tail -> fw/tail (new)
        replace program.fw/filter [config] its code or what decides it changed
          digest: code-1 -> code-2 (config) !
        replace program.fw/tail [config] its code or what decides it changed
          digest: code-101 -> code-102 (config) !
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        > create map.fw/jumps
        > load program.fw/filter
        > load program.fw/tail
        > fill map.fw/jumps
        > intent
        > stage map.fw/jumps
        > stage program.fw/filter
        > stage program.fw/tail
        > swap attachment.uplink/eth0
        > publish map.fw/jumps
        > publish program.fw/filter
        > publish program.fw/tail
        > unpin program.fw/tail /sys/fs/bpf/bpfapply/edge/next/programs/fw/tail
        > unpin program.fw/filter /sys/fs/bpf/bpfapply/edge/next/programs/fw/filter
        > unpin map.fw/jumps /sys/fs/bpf/bpfapply/edge/next/maps/fw/jumps
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }

  @Test func aSlotThatSomebodyElseFilled() {
    var scenario = Scenario.applied(PipelinePlanTests.pipeline())
    scenario.kernel.write([0, 0, 0, 0], [99, 0, 0, 0], in: scenario.id(.map("fw/jumps")))
    #expect(
      scenario.plan().brief() == """
        update map.fw/jumps [drift] 1 entry different
          [0] unknown -> fw/tail
        > intent
        > entries map.fw/jumps
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }

  @Test func devmapProgramsAreCommittedAndCleared() {
    var state = PipelinePlanTests.pipeline()
    var ports = Fixture.map("fw/ports", .devmap, key: 4, value: 8, count: 4, onReplace: .recreate)
    ports.entries = DesiredEntries(
      policy: .exact,
      table: EntryTable(
        keySize: 4, valueSize: 8, keys: [1, 0, 0, 0], values: [3, 0, 0, 0, 0, 0, 0, 0]),
      references: [[1, 0, 0, 0]: [.program("fw/tail", offset: 4)]])
    state.maps.append(ports)
    state.programs[0].bindings["ports"] = "fw/ports"
    let scenario = Scenario(state)
    #expect(
      scenario.plan().brief(steps: true) == """
        create map.fw/jumps [config] -
        create map.fw/ports [config] -
        create program.fw/filter [config] -
        create program.fw/tail [config] -
        create attachment.uplink/eth0 [config] -
        > create map.fw/jumps
        > create map.fw/ports
        > load program.fw/filter
        > load program.fw/tail
        > fill map.fw/jumps
        > intent
        > stage map.fw/jumps
        > stage map.fw/ports
        > stage program.fw/filter
        > stage program.fw/tail
        > fill map.fw/ports
        > link attachment.uplink/eth0
        > stage attachment.uplink/eth0
        > publish map.fw/jumps
        > publish map.fw/ports
        > publish program.fw/filter
        > publish program.fw/tail
        > publish attachment.uplink/eth0
        > final
        """)
  }

  @Test func innerMapsComeBeforeOuterOnes() {
    var state = Fixture.empty()
    var outer = Fixture.map("a_outer", .hashOfMaps, key: 4, value: 4, count: 4)
    outer.entries = DesiredEntries(
      policy: .exact, table: Fixture.table([1: 0]), references: [[1, 0, 0, 0]: [.map("inner")]])
    state.maps = [outer, Fixture.map("inner", .hash, key: 4, value: 4, count: 4)]
    var scenario = Scenario(state)
    #expect(
      scenario.plan().brief() == """
        create map.a_outer [config] -
        create map.inner [config] -
        > create map.inner
        > create map.a_outer
        > fill map.a_outer
        > intent
        > stage map.inner
        > stage map.a_outer
        > publish map.inner
        > publish map.a_outer
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }

  @Test func anInterfaceThatIsNotThereBlocks() {
    var state = Fixture.empty()
    var ports = Fixture.map("ports", .devmap, key: 4, value: 4, count: 4)
    ports.entries = DesiredEntries(
      policy: .exact, table: Fixture.table([1: 0]),
      references: [[1, 0, 0, 0]: [.interface("eth9", offset: 0)]])
    state.maps = [ports]
    var scenario = Scenario(state)
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["missing-target"])
    scenario.kernel.observed.interfaces = [
      ObservedInterface(name: InterfaceName(name: "eth9"), index: 12)
    ]
    scenario.apply()
    #expect(scenario.plan().brief() == "")
    scenario.kernel.observed.interfaces[0].index = 13
    #expect(
      scenario.plan().brief() == """
        update map.ports [drift] 1 entry different
          [1] 12 -> eth9
        > intent
        > entries map.ports
        > final
        """)
  }

  @Test func aPortWithAnInterfaceAndAProgram() {
    var state = PipelinePlanTests.pipeline()
    var ports = Fixture.map("fw/ports", .devmap, key: 4, value: 8, count: 4, onReplace: .recreate)
    ports.entries = DesiredEntries(
      policy: .exact,
      table: EntryTable(
        keySize: 4, valueSize: 8, keys: [1, 0, 0, 0], values: [0, 0, 0, 0, 0, 0, 0, 0]),
      references: [[1, 0, 0, 0]: [.interface("eth9", offset: 0), .program("fw/tail", offset: 4)]])
    state.maps.append(ports)
    var scenario = Scenario(state)
    scenario.kernel.observed.interfaces = [
      ObservedInterface(name: InterfaceName(name: "eth9"), index: 12),
      ObservedInterface(name: InterfaceName(name: "eth8"), index: 11),
    ]
    #expect(
      scenario.plan().changes.first { $0.address == .map("fw/ports") }?.entries?.items() == [
        EntryItem(key: "1", before: nil, after: "{interface: eth9, program: fw/tail}")
      ])
    scenario.apply()
    #expect(scenario.plan().brief() == "")
    let tail = UInt8(scenario.id(.program("fw/tail")))
    scenario.kernel.write(
      [1, 0, 0, 0], [11, 0, 0, 0, tail, 0, 0, 0], in: scenario.id(.map("fw/ports")))
    #expect(
      scenario.plan().brief() == """
        update map.fw/ports [drift] 1 entry different
          [1] {interface: eth8, program: fw/tail} -> {interface: eth9, program: fw/tail}
        > intent
        > entries map.fw/ports
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }
}
