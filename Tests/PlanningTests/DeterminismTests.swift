import BPFObject
import FoundationEssentials
import Planning
import Sandbox
import Testing

@Suite struct DeterminismTests {
  @Test func theOrderOfTheSidesDoesNotMatter() throws {
    var scenario = Scenario.applied()
    scenario.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    scenario.kernel.observed.pins.removeAll { $0.kind == .program }
    let expected = scenario.plan()
    var random = SplitMix(seed: 3)
    for _ in 0..<20 {
      var other = scenario
      other.desired.maps.shuffle(using: &random)
      other.desired.programs.shuffle(using: &random)
      other.kernel.observed.maps.shuffle(using: &random)
      other.kernel.observed.pins.shuffle(using: &random)
      other.kernel.observed.links.shuffle(using: &random)
      #expect(other.plan() == expected)
    }
  }

  @Test func fingerprintsHoldNoIdsButEverythingRelevant() {
    var one = Scenario.applied()
    var other = Scenario(Fixture.empty())
    // The same state under other ids.
    other.desired.maps = [Fixture.map("first", .hash, key: 4, value: 4, count: 1)]
    other.apply()
    other.desired = Fixture.firewall()
    other.apply()
    one.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    other.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    #expect(one.id(.map("flows")) != other.id(.map("flows")))
    #expect(one.plan().fingerprint == other.plan().fingerprint)
    #expect(one.plan().fingerprint.hasPrefix("plan:"))
    other.kernel.observed.pins.removeAll { $0.kind == .program }
    #expect(one.plan().fingerprint != other.plan().fingerprint)
  }

  @Test func everythingSurvivesJSON() throws {
    var scenario = Scenario.applied()
    scenario.edit(map: "fw/blocklist") { $0.map.maxEntries = 32 }
    try roundTrip(#require(scenario.kernel.observed.inventory))
    let observed = scenario.kernel.observed
    let again = try JSONDecoder().decode(
      ObservedState.self, from: JSONEncoder().encode(observed))
    #expect(plan(scenario.desired, again) == scenario.plan())
  }

  private func roundTrip<Value: Codable & Equatable>(_ value: Value) throws {
    let again = try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    #expect(again == value)
  }

  @Test func anyStateIsReachedInOneApply() {
    var random = SplitMix(seed: 11)
    var applied = 0
    for round in 0..<150 {
      var scenario = Scenario(randomState(&random))
      scenario.apply()
      for _ in 0..<3 {
        scenario.desired = randomState(&random)
        scenario.kernel.provideHooks(scenario.desired)
        tamper(&scenario, &random)
        let plan = scenario.plan(PlanOptions(allowEmpty: true))
        guard plan.isApplicable else { continue }
        applied += 1
        // Sometimes the process dies on the way.
        if random.below(3) == 0 {
          scenario.kernel.apply(plan, scenario.desired, steps: random.below(plan.steps.count + 1))
        }
        let next = scenario.plan(PlanOptions(allowEmpty: true))
        #expect(next.isApplicable, "round \(round): \(next.brief())")
        scenario.kernel.apply(next, scenario.desired)
        #expect(scenario.plan().isEmpty, "round \(round): \(scenario.plan().brief())")
        #expect(scenario.drift().drifted.isEmpty, "round \(round): \(scenario.drift().brief())")
      }
    }
    // Blocked scenarios prove nothing; most must not be.
    #expect(applied > 300)
  }

  private func randomState(_ random: inout SplitMix) -> DesiredState {
    var state = PipelinePlanTests.pipeline(
      entry: Int32(random.below(3)), tail: Int32(random.below(2)))
    state.maps.append(Fixture.rodata(UInt8(random.below(3))))
    state.programs[0].bindings[".rodata"] = "fw/.rodata"
    if random.below(2) == 0 {
      var map = Fixture.blocklist(
        [UInt8(random.below(4)): 1, 9: UInt8(random.below(3))],
        policy: [.exact, .merge, .seed][random.below(3)])
      map.map.maxEntries = [16, 32][random.below(2)]
      state.maps.append(map)
      if random.below(2) == 0 { state.programs[1].bindings["blocklist"] = "fw/blocklist" }
    }
    state.attachments[0].allowGap = true
    switch random.below(4) {
    case 0: state.attachments = []
    case 1:
      state.attachments.append(
        Fixture.attachment(
          "trace", "fw/tail", .tracepoint(category: "sched", name: "sched_switch")))
    case 2: state.attachments[0].hook = Fixture.xdp(mode: .native).hook
    default: break
    }
    if random.below(2) == 0 {
      state.pins = [
        DesiredPin(
          name: "p", target: [.map("fw/jumps"), .program("fw/tail")][random.below(2)],
          pin: PinSpec(
            path: "/sys/fs/bpf/x\(random.below(2))", mode: [0o600, 0o640][random.below(2)]))
      ]
    }
    return state
  }

  private func tamper(_ scenario: inout Scenario, _ random: inout SplitMix) {
    switch random.below(5) {
    case 0:
      if let link = scenario.kernel.observed.links.first { scenario.kernel.detach(link.id) }
    case 1:
      let count = scenario.kernel.observed.pins.count
      scenario.kernel.observed.pins.remove(at: random.below(count))
      scenario.kernel.collectGarbage()
    case 2: scenario.kernel.observed.pins[0].mode = 0o666
    default: break
    }
  }
}
