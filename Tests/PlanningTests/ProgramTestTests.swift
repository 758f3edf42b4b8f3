import BPFObject
import Planning
import Testing

/// Tests of programs in a plan, and when what came is what was expected.
@Suite struct ProgramTestTests {
  private func test(_ name: String = "t") -> DesiredTest {
    var test = DesiredTest(name: name)
    test.packet = [UInt8](repeating: 0, count: 14)
    return test
  }

  private func tested() -> DesiredState {
    var state = PipelinePlanTests.pipeline()
    for index in state.programs.indices { state.programs[index].tests = [test()] }
    return state
  }

  @Test func testsComeWhenAllIsLoadedAndBeforeAnythingIsVisible() {
    var scenario = Scenario(tested())
    let steps = scenario.plan().steps
    #expect(
      steps.prefix(7) == [
        .createMap(ref: "fw/jumps"), .loadProgram(ref: "fw/filter"), .loadProgram(ref: "fw/tail"),
        .fillReferences(ref: "fw/jumps"), .testProgram(ref: "fw/filter"),
        .testProgram(ref: "fw/tail"), .writeIntent,
      ])
    scenario.apply()
    #expect(scenario.plan().steps == [], "nothing changes, and so nothing is tested")
    // What one pin is like may matter to nobody; it is tested all the same.
    scenario.desired.programs[1].pin.mode = 0o640
    #expect(scenario.plan().steps.first == .testProgram(ref: "fw/filter"))
  }

  @Test func testsAreNotPartOfWhatAProgramIs() {
    var scenario = Scenario.applied(PipelinePlanTests.pipeline())
    scenario.desired = tested()
    #expect(scenario.plan().isEmpty)
    #expect(
      Scenario(tested()).plan().fingerprint
        == Scenario(PipelinePlanTests.pipeline()).plan().fingerprint)
  }

  // MARK: Verdicts

  private func mismatches(
    _ test: DesiredTest, _ output: TestOutput, contents: [String: EntryTable] = [:],
    maps: [DesiredMap] = []
  ) -> [TestMismatch] {
    test.mismatches(
      of: Fixture.program("fw/filter", code: 1), output, contents: contents,
      maps: Dictionary(uniqueKeysWithValues: maps.map { ($0.ref, $0) }))
  }

  @Test func whatIsNotSaidDoesNotMatter() {
    var output = TestOutput(returnCode: 3)
    output.packet = [1, 2, 3]
    #expect(mismatches(test(), output) == [])
    var test = test()
    test.expected.returnCode = 3
    test.expected.packet = [1, 2, 3]
    #expect(mismatches(test, output) == [])
    test.expected.packet = [1, 2]
    test.expected.returnCode = 1
    test.expected.metadata = [9]
    #expect(
      mismatches(test, output) == [
        .returned(expected: "XDP_DROP", got: "XDP_TX"),
        .packet(expected: [1, 2], got: [1, 2, 3]), .metadata(expected: [9], got: []),
      ])
  }

  @Test func fieldsOfAContext() throws {
    let mark = try #require(ContextLayout.of(.schedCls)?["mark"])
    var test = test()
    test.expected.fields = [ExpectedField(field: mark, bytes: [5, 0, 0, 0])]
    var output = TestOutput(returnCode: 0)
    output.context = [UInt8](repeating: 0, count: 192)
    #expect(
      mismatches(test, output) == [.context(field: "mark", expected: "5", got: "0")])
    output.context[8] = 5
    #expect(mismatches(test, output) == [])
    // A kernel whose struct is shorter.
    output.context = [1, 2]
    #expect(mismatches(test, output).count == 1)
  }

  @Test func entries() {
    let blocklist = Fixture.blocklist()
    func found(_ value: [UInt8]?, mask: [UInt8]? = nil, sensitive: Bool = false) -> [TestMismatch] {
      var map = blocklist
      map.sensitive = sensitive
      var test = test()
      var entry = ExpectedEntry(map: "fw/blocklist", key: [1, 0, 0, 0], value: value)
      entry.mask = mask
      test.expected.entries = [entry]
      return mismatches(
        test, TestOutput(returnCode: 0), contents: ["fw/blocklist": Fixture.table([1: 7])],
        maps: [map])
    }
    #expect(found([7, 0, 0, 0]) == [])
    #expect(found([7, 9, 9, 9], mask: [0xff, 0, 0, 0]) == [])
    #expect(found([7, 9, 9, 9], mask: [0, 0, 0, 0xff]).count == 1)
    #expect(
      found([8, 0, 0, 0]) == [.entry(map: "fw/blocklist", key: "1", expected: "8", got: "7")])
    #expect(found(nil) == [.entry(map: "fw/blocklist", key: "1", expected: nil, got: "7")])
    #expect(
      found([8, 0, 0, 0], sensitive: true) == [
        .entry(
          map: "fw/blocklist", key: "(sensitive)", expected: "(sensitive)", got: "(sensitive)")
      ])
  }

  @Test func ofAPerCPUMapTheValueOfTheCPUThatRanIt() {
    let map = Fixture.map("counts", .percpuArray, key: 4, value: 4, count: 1)
    let table = EntryTable(
      keySize: 4, valueSize: 16, keys: [0, 0, 0, 0],
      values: [3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0])
    for (cpu, value) in [(0, UInt8(3)), (1, 4)] {
      var output = TestOutput(returnCode: 0)
      output.cpu = cpu
      var test = test()
      test.expected.entries = [
        ExpectedEntry(map: "counts", key: [0, 0, 0, 0], value: [value, 0, 0, 0])
      ]
      #expect(mismatches(test, output, contents: ["counts": table], maps: [map]) == [])
      output.cpu = 1 - cpu
      #expect(mismatches(test, output, contents: ["counts": table], maps: [map]).count == 1)
    }
  }
}
