import BPFObject
import Planning
import Testing

/// Programs, links and pins that are not as they were left.
@Suite struct HostPlanTests {
  @Test func changedCodeIsSwappedByLinkUpdate() {
    var scenario = Scenario.applied()
    let link = scenario.id(.attachment("uplink", instance: "eth0"))
    scenario.desired.programs[0] = Fixture.program(
      "fw/filter", code: 2, maps: scenario.desired.programs[0].bindings)
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(scenario.id(.attachment("uplink", instance: "eth0")) == link)
  }

  @Test func anotherTypeCannotBeSwapped() {
    var scenario = Scenario.applied()
    scenario.desired.programs[0] = Fixture.program(
      "fw/filter", code: 1, attachType: .xdpDevmap, maps: scenario.desired.programs[0].bindings)
    #expect(scenario.plan().brief(steps: false) == "X")
    scenario.desired.attachments[0].allowGap = true
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func detachedLink() {
    var scenario = Scenario.applied()
    scenario.kernel.detach(scenario.id(.attachment("uplink", instance: "eth0")))
    #expect(scenario.plan().brief() == "X")
    #expect(scenario.drift().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func linkUnpinned() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.pins.removeAll { $0.kind == .link }
    scenario.kernel.collectGarbage()
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func anotherProgramOnTheLink() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: 900, name: "backdoor", type: .xdp, tag: "00112233aabbccdd"))
    scenario.kernel.observed.links[0].programID = 900
    scenario.kernel.observed.hooks[0].occupants[0].programID = 900
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func interfaceDeletedAndMadeAgain() {
    var scenario = Scenario.applied()
    scenario.kernel.detach(scenario.id(.attachment("uplink", instance: "eth0")))
    scenario.kernel.observed.hooks[0].missing = "interface eth0 does not exist"
    scenario.kernel.observed.hooks[0].targetID = 0
    #expect(scenario.plan().brief(steps: false) == "X")
    scenario.kernel.observed.hooks[0].missing = nil
    scenario.kernel.observed.hooks[0].targetID = 555
    #expect(scenario.plan().isApplicable)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func modeChangeNeedsAGap() {
    var scenario = Scenario.applied()
    scenario.desired.attachments[0] = Fixture.xdp(mode: .native)
    #expect(scenario.plan().brief() == "X")
    scenario.desired.attachments[0].allowGap = true
    #expect(scenario.plan().isApplicable)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func aForeignProgramWhereOneFits() {
    var scenario = Scenario()
    scenario.kernel.observed.programs = [
      ObservedProgram(id: 900, name: "theirs", type: .xdp, tag: "00112233aabbccdd")
    ]
    scenario.kernel.observed.hooks[0].occupants = [.init(programID: 900, linkID: nil)]
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.message) == ["X"])
  }

  @Test func foreignProgramsWhereSeveralFit() {
    var desired = Fixture.firewall()
    desired.programs[0] = Fixture.program(
      "fw/filter", code: 1, type: .schedCls, attachType: .tcxIngress,
      maps: desired.programs[0].bindings)
    desired.attachments[0] = Fixture.attachment(
      "uplink", instance: "eth0", "fw/filter",
      .tcx(interface: InterfaceName(name: "eth0"), attachType: .tcxIngress))
    var scenario = Scenario.applied(desired)
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: 900, name: "theirs", type: .schedCls, tag: "00112233aabbccdd"))
    scenario.kernel.observed.hooks[0].occupants.append(.init(programID: 900, linkID: 901))
    #expect(scenario.plan().brief() == "X")
    #expect(scenario.plan().isEmpty)
    #expect(scenario.drift().drifted.isEmpty)
    scenario.desired.attachments[0].exclusive = true
    #expect(scenario.plan().brief(steps: false) == "X")
  }

  @Test func tracingRunsTwiceForAMoment() {
    var desired = Fixture.firewall()
    desired.attachments[0] = Fixture.attachment(
      "uplink", "fw/filter", .rawTracepoint(name: "sched_switch"))
    var scenario = Scenario.applied(desired)
    #expect(scenario.plan().isEmpty)
    scenario.desired.programs[0] = Fixture.program(
      "fw/filter", code: 2, maps: desired.programs[0].bindings)
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(scenario.kernel.observed.links.count == 1)
  }

  @Test func netfilterAtTheSamePriorityNeedsAGap() {
    var desired = Fixture.firewall()
    desired.attachments[0] = Fixture.attachment(
      "uplink", "fw/filter",
      .netfilter(
        NetfilterHook(protocolFamily: 2, hook: 1, priority: -10, defragment: false),
        namespace: .own))
    var scenario = Scenario.applied(desired)
    scenario.desired.programs[0] = Fixture.program(
      "fw/filter", code: 2, maps: desired.programs[0].bindings)
    #expect(scenario.plan().brief(steps: false) == "X")
    scenario.desired.attachments[0].hook = .netfilter(
      NetfilterHook(protocolFamily: 2, hook: 1, priority: -9, defragment: false), namespace: .own)
    scenario.kernel.provideHooks(scenario.desired)
    #expect(scenario.plan().isApplicable)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func pinsGoneReplacedAndOpened() {
    var scenario = Scenario.applied()
    let root = Fixture.root
    scenario.kernel.observed.maps.append(
      ObservedMap(id: 800, name: "flows", type: .hash, keySize: 1, valueSize: 1, maxEntries: 1))
    scenario.edit(pin: "\(root)/maps/flows") { $0.id = 800 }
    scenario.edit(pin: "/sys/fs/bpf/shared/blocklist") { $0.mode = 0o666 }
    scenario.kernel.observed.pins.removeAll { $0.path == "\(root)/programs/fw/filter" }
    #expect(scenario.plan().brief() == "X")
    #expect(scenario.drift().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func aForeignPinInADeclaredPlace() {
    var scenario = Scenario()
    scenario.kernel.observed.maps.append(
      ObservedMap(id: 800, name: "other", type: .hash, keySize: 1, valueSize: 1, maxEntries: 1))
    scenario.kernel.observed.pins.append(
      ObservedPin(path: "/sys/fs/bpf/shared/blocklist", kind: .map, id: 800))
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.message) == ["X"])
  }

  @Test func aPinThatMoves() {
    var scenario = Scenario.applied()
    scenario.desired.pins[0].pin.path = "/sys/fs/bpf/shared/denied"
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(!scenario.kernel.observed.pins.contains { $0.path == "/sys/fs/bpf/shared/blocklist" })
  }

  @Test func aProgramThatDoesNotUseTheLiveMap() {
    var scenario = Scenario.applied()
    let id = scenario.id(.map("flows"))
    scenario.kernel.observed.programs[0].mapIDs.removeAll { $0 == id }
    #expect(scenario.plan().brief(steps: false) == "X")
  }

  @Test func theWholeDirectoryIsGone() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.pins.removeAll { PinPath.isBelow(Fixture.root, $0.path) }
    scenario.kernel.observed.inventory = nil
    scenario.kernel.collectGarbage()
    #expect(scenario.plan().brief(steps: false) == "X")
    #expect(scenario.drift().limitations == ["edge has not been applied since the host started"])
  }

  @Test func theInventoryIsLost() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.inventory = nil
    #expect(scenario.plan().brief() == "X")
    scenario.kernel.observed.pins.removeAll { $0.kind != .link }
    #expect(scenario.plan().brief() == "X")
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }
}
