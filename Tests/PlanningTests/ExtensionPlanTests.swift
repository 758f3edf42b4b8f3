import BPFObject
import Testing

@testable import Planning

/// A program whose function another one replaces: neither goes live without the other.
@Suite struct ExtensionPlanTests {
  static func state(
    program: Int32 = 1, extension code: Int32 = 1,
    of target: ExtensionTarget = .program("fw/filter"),
    allowGap: Bool = false
  ) -> DesiredState {
    var state = Fixture.empty()
    var block = Fixture.program("fw/block", code: 100 + code, type: .ext, attachType: nil)
    block.attachTo = "verdict"
    block.extends = target
    state.programs = [block]
    var attachment = Fixture.attachment(
      "verdict", "fw/block", .extension(ExtensionHook(target: target, function: "verdict")))
    attachment.allowGap = allowGap
    state.attachments = [attachment]
    if case .program = target {
      state.programs.append(Fixture.program("fw/filter", code: program))
      state.attachments.append(Fixture.xdp())
    }
    return state
  }

  @Test func anExtensionIsThereBeforeItsProgramGoesLive() {
    var scenario = Scenario(ExtensionPlanTests.state())
    #expect(
      scenario.plan().brief() == """
        create program.fw/block [config] -
        create program.fw/filter [config] -
        create attachment.uplink/eth0 [config] -
        create attachment.verdict [config] -
        > load program.fw/filter
        > load program.fw/block
        > intent
        > stage program.fw/filter
        > stage program.fw/block
        > link attachment.verdict
        > stage attachment.verdict
        > link attachment.uplink/eth0
        > stage attachment.uplink/eth0
        > publish attachment.verdict
        > publish program.fw/filter
        > publish attachment.uplink/eth0
        > publish program.fw/block
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
    #expect(scenario.drift().brief() == "")
  }

  @Test func aNewProgramGetsItsExtensionAnew() {
    var scenario = Scenario.applied(ExtensionPlanTests.state())
    let old = scenario.id(.attachment("verdict", instance: nil))
    scenario.desired = ExtensionPlanTests.state(program: 2)
    let plan = scenario.plan()
    #expect(
      plan.brief(steps: false) == """
        replace program.fw/block [config] program.fw/filter is replaced
        replace program.fw/filter [config] its code or what decides it changed
          digest: code-1 -> code-2 (config) !
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        replace attachment.verdict [config] program.fw/block is replaced; program.fw/filter is replaced
        """)
    let steps = plan.brief().split(separator: "\n").filter { $0.hasPrefix("> ") }
    let order = [
      "load program.fw/filter", "load program.fw/block", "link attachment.verdict",
      "swap attachment.uplink/eth0", "detach attachment.verdict",
    ].compactMap { word in steps.firstIndex { $0.hasPrefix("> \(word)") } }
    #expect(order.count == 5 && order == order.sorted(), "\(steps)")
    scenario.apply()
    #expect(scenario.plan().brief() == "")
    #expect(scenario.id(.attachment("verdict", instance: nil)) != old)
  }

  @Test func aNewExtensionGetsACopyOfItsProgram() {
    var scenario = Scenario.applied(ExtensionPlanTests.state())
    scenario.desired = ExtensionPlanTests.state(extension: 2)
    #expect(
      scenario.plan().brief(steps: false) == """
        replace program.fw/block [config] its code or what decides it changed
          digest: code-101 -> code-102 (config) !
        replace program.fw/filter [config] a copy of it gets program.fw/block, since one extension at a time replaces a function
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        replace attachment.verdict [config] program.fw/block is replaced; program.fw/filter is replaced
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }

  @Test func whereAGapIsAllowedTheFunctionIsItsOwnForAMoment() {
    var scenario = Scenario.applied(ExtensionPlanTests.state())
    scenario.desired = ExtensionPlanTests.state(extension: 2, allowGap: true)
    #expect(
      scenario.plan().brief(steps: false) == """
        replace program.fw/block [config] its code or what decides it changed
          digest: code-101 -> code-102 (config) !
        replace (gap) attachment.verdict [config] program.fw/block is replaced
          ! function verdict of program.fw/filter is not replaced for a moment
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }

  @Test func aProgramOfSomebodyElseIsNotCopied() {
    let theirs = ExtensionTarget.pin("/sys/fs/bpf/theirs")
    var scenario = Scenario(ExtensionPlanTests.state(of: theirs))
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: 900, name: "theirs", type: .xdp, tag: "t1"))
    scenario.kernel.observed.pins.append(
      ObservedPin(path: "/sys/fs/bpf/theirs", kind: .program, id: 900))
    scenario.apply()
    #expect(scenario.plan().brief() == "")
    scenario.desired = ExtensionPlanTests.state(extension: 2, of: theirs)
    let blocks = scenario.plan().changes.flatMap(\.blocks)
    #expect(blocks.map(\.code) == ["gap-not-allowed"])

    // Another program at the pin: the extension is loaded for that one.
    scenario.desired = ExtensionPlanTests.state(of: theirs)
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: 901, name: "theirs", type: .xdp, tag: "t2"))
    scenario.edit(pin: "/sys/fs/bpf/theirs") { $0.id = 901 }
    let hook = scenario.desired.attachments[0].hook
    for index in scenario.kernel.observed.hooks.indices
    where scenario.kernel.observed.hooks[index].hook == hook {
      scenario.kernel.observed.hooks[index].targetID = 901
      scenario.kernel.observed.hooks[index].occupants = []
    }
    #expect(
      scenario.plan().brief(steps: false) == """
        replace program.fw/block [drift] another program is pinned at /sys/fs/bpf/theirs
        replace attachment.verdict [drift] its link is not on function verdict of /sys/fs/bpf/theirs; program.fw/block is replaced
          attached: false -> true (drift) !
        """)
    scenario.apply()
    #expect(scenario.plan().brief() == "")
  }
}
