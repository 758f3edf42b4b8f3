import BPFObject
import Testing

@testable import Planning

/// Entries are compared by what their types mean, and shown as the manifest writes them.
@Suite struct EntryPlanTests {
  static let u32 = Layout.integer(size: 4, signed: false, bigEndian: false)

  static func networks(_ rows: [[UInt8]: UInt8]) -> DesiredState {
    var state = Fixture.empty()
    var map = Fixture.map("nets", .lpmTrie, key: 8, value: 4, count: 16)
    map.keyLayout = .prefixLayout(key: .bytes(8))
    let keys = rows.keys.sorted { $0.lexicographicallyPrecedes($1) }
    map.entries = DesiredEntries(
      policy: .exact,
      table: EntryTable(
        keySize: 8, valueSize: 4, keys: keys.flatMap { $0 },
        values: keys.flatMap { [rows[$0]!, 0, 0, 0] }))
    state.maps = [map]
    return state
  }

  static let net: [UInt8] = [24, 0, 0, 0, 10, 7, 66, 0]
  static let host: [UInt8] = [32, 0, 0, 0, 192, 0, 2, 1]

  @Test func prefixesAreNamedAndHostBitsIgnored() {
    var scenario = Scenario.applied(EntryPlanTests.networks([Self.net: 1, Self.host: 1]))
    let id = scenario.id(.map("nets"))
    scenario.kernel.write(Self.net, nil, in: id)
    scenario.kernel.write([24, 0, 0, 0, 10, 7, 66, 9], [1, 0, 0, 0], in: id)
    #expect(scenario.plan().isEmpty)
    #expect(scenario.drift().brief() == "")
    scenario.kernel.write([24, 0, 0, 0, 10, 7, 66, 9], nil, in: id)
    scenario.kernel.write(Self.host, [2, 0, 0, 0], in: id)
    #expect(
      scenario.plan().brief(steps: false) == """
        update map.nets [drift] 1 entry missing, 1 entry different
          [10.7.66.0/24] - -> 1
          [192.0.2.1/32] 2 -> 1
        """)
  }

  @Test func driftWithTheManifestNamesTheKeys() {
    var scenario = Scenario.applied(EntryPlanTests.networks([Self.net: 1, Self.host: 1]))
    scenario.kernel.write(Self.net, nil, in: scenario.id(.map("nets")))
    #expect(
      scenario.drift(withManifest: true).brief() == """
        update map.nets [drift] 1 entry missing
          [10.7.66.0/24] - -> 1
        """)
    #expect(
      scenario.drift().brief().hasPrefix(
        "update map.nets [drift] its entries are not those that were applied (to see which, run"))
    // A manifest that has other entries by now cannot tell.
    let applied = scenario.desired
    scenario.desired = EntryPlanTests.networks([Self.host: 1])
    #expect(scenario.drift(withManifest: true).brief() == scenario.drift().brief())
    scenario.desired = applied
    scenario.apply()
    #expect(scenario.drift(withManifest: true).brief() == "")
  }

  @Test func driftOfSlotsIsSeenWithTheManifest() {
    var scenario = Scenario.applied(PipelinePlanTests.pipeline())
    #expect(scenario.drift(withManifest: true).brief() == "")
    scenario.kernel.write([0, 0, 0, 0], nil, in: scenario.id(.map("fw/jumps")))
    #expect(
      scenario.drift(withManifest: true).brief() == """
        update map.fw/jumps [drift] 1 entry missing
          [0] - -> fw/tail
        """)
  }

  @Test func paddingAndWhatTheKernelKeepsDoNotCount() {
    var state = Fixture.empty()
    var map = Fixture.map("timers", .hash, key: 4, value: 16, count: 4)
    map.valueLayout = .record(
      size: 16,
      fields: [
        .init(
          name: "hits", bitOffset: 0, layout: .integer(size: 1, signed: false, bigEndian: false)),
        .init(name: "timer", bitOffset: 64, layout: .opaque(8)),
      ], union: false)
    map.entries = DesiredEntries(
      policy: .exact,
      table: EntryTable(
        keySize: 4, valueSize: 16, keys: [1, 0, 0, 0],
        values: [5] + [UInt8](repeating: 0, count: 15)))
    state.maps = [map]
    var scenario = Scenario.applied(state)
    let id = scenario.id(.map("timers"))
    scenario.kernel.write([1, 0, 0, 0], [5] + [UInt8](repeating: 0xaa, count: 15), in: id)
    #expect(scenario.plan().isEmpty)
    scenario.kernel.write([1, 0, 0, 0], [6] + [UInt8](repeating: 0xaa, count: 15), in: id)
    #expect(
      scenario.plan().changes.first?.entries?.items() == [
        EntryItem(key: "1", before: "{hits: 6}", after: "{hits: 5}")
      ])
  }

  @Test func aSensitiveMapShowsNothing() {
    var scenario = Scenario(EntryPlanTests.networks([Self.net: 77]))
    scenario.edit(map: "nets") { $0.sensitive = true }
    #expect(scenario.plan().changes.first?.entries?.items() == [])
    #expect(scenario.plan().changes.first?.entries?.counts.added == 1)
    scenario.apply()
    scenario.kernel.write(Self.net, [9, 0, 0, 0], in: scenario.id(.map("nets")))
    // It was applied as sensitive: taking that back shows nothing of what is there.
    scenario.edit(map: "nets") { $0.sensitive = false }
    let entries = scenario.plan().changes.first?.entries
    #expect(entries?.items() == [] && entries?.counts.changed == 1)
  }

  @Test func aNewMapListsWhatItBeginsWith() {
    var state = Fixture.empty()
    var map = Fixture.map("many", .hash, key: 4, value: 4, count: 4096)
    let keys: [UInt8] = (0..<1500).flatMap { row -> [UInt8] in
      [UInt8(row & 255), UInt8(row >> 8), 0, 0]
    }
    map.entries = DesiredEntries(
      policy: .seed, table: EntryTable(keySize: 4, valueSize: 4, keys: keys, values: keys))
    state.maps = [map]
    var scenario = Scenario(state)
    let entries = scenario.plan().changes.first?.entries
    #expect(entries?.changes.count == 1000 && entries?.omitted == 500)
    #expect(entries?.counts.added == 1500)
    #expect(entries?.items(limit: 1) == [EntryItem(key: "0", before: nil, after: "0")])
    let fingerprint = scenario.plan().fingerprint
    scenario.edit(map: "many") { $0.entries?.table = Fixture.table([1: 1]) }
    #expect(scenario.plan().fingerprint != fingerprint)
  }

  @Test func zerosOfANewArrayAreListedToo() {
    var state = Fixture.empty()
    var map = Fixture.map("limits", .array, key: 4, value: 4, count: 4)
    map.entries = DesiredEntries(policy: .exact, table: Fixture.table([0: 0, 1: 5]))
    state.maps = [map]
    #expect(
      Scenario(state).plan().changes.first?.entries?.items().map(\.after) == ["0", "5"])
  }

  @Test func globalDataIsShownByVariable() {
    var scenario = Scenario()
    let created = scenario.plan().changes.first { $0.address == .map("fw/.rodata") }
    #expect(
      created?.entries?.items() == [
        EntryItem(key: "limit", before: nil, after: "7"),
        EntryItem(key: "strict", before: nil, after: "false"),
      ])
    #expect(created?.entries?.noun == "variables")
    scenario.apply()
    // Bytes between the variables count: the compiler keeps constants there.
    scenario.edit(map: "fw/.rodata") {
      $0.map.data?.contents = [7, 0, 9, 0]
      $0.entries?.table = EntryTable(
        keySize: 4, valueSize: 4, keys: [0, 0, 0, 0], values: [7, 0, 9, 0])
    }
    let replaced = scenario.plan().changes.first { $0.address == .map("fw/.rodata") }
    #expect(replaced?.action == .replace)
    #expect(
      replaced?.entries?.items() == [
        EntryItem(
          key: "(constants without a name)", before: "4 bytes", after: "1 of them different")
      ])
    // Without types nothing can be said, and zeros say nothing.
    scenario = Scenario()
    scenario.edit(map: "fw/.rodata") { $0.valueLayout = .bytes(4) }
    #expect(
      scenario.plan().changes.first { $0.address == .map("fw/.rodata") }?.entries == nil)
    scenario.edit(map: "fw/.rodata") { $0 = Fixture.rodata(0) }
    #expect(
      scenario.plan().changes.first { $0.address == .map("fw/.rodata") }?.entries == nil)
  }
}
