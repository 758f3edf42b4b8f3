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
    #expect(
      scenario.plan().brief() == """
        replace program.fw/filter [config] its code or what decides it changed
          digest: code-1 -> code-2 (config) !
        update attachment.uplink/eth0 [config] program.fw/filter is replaced
        > load program.fw/filter
        > intent
        > stage program.fw/filter
        > swap attachment.uplink/eth0
        > publish program.fw/filter
        > unpin program.fw/filter /sys/fs/bpf/bpfapply/edge/next/programs/fw/filter
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(scenario.id(.attachment("uplink", instance: "eth0")) == link)
  }

  @Test func anotherTypeCannotBeSwapped() {
    var scenario = Scenario.applied()
    scenario.desired.programs[0] = Fixture.program(
      "fw/filter", code: 1, attachType: .xdpDevmap, maps: scenario.desired.programs[0].bindings)
    #expect(
      scenario.plan().brief(steps: false) == """
        replace program.fw/filter [config] expected_attach_type cannot be changed in place
          expected_attach_type: xdp -> xdp_devmap (config) !
        replace (gap) attachment.uplink/eth0 [config] program.fw/filter is replaced
          ! xdp of eth0 is empty for a moment
          BLOCK gap-not-allowed: the kernel cannot swap this at xdp of eth0 without a moment of an empty hook
            hint: set allow_gap: true on attachments.uplink
        """)
    scenario.desired.attachments[0].allowGap = true
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func detachedLink() {
    var scenario = Scenario.applied()
    scenario.kernel.detach(scenario.id(.attachment("uplink", instance: "eth0")))
    #expect(
      scenario.plan().brief() == """
        replace attachment.uplink/eth0 [drift] its link is detached: taken off xdp of eth0, or eth0 was deleted and made again
          attached: false -> true (drift) !
        > intent
        > link attachment.uplink/eth0
        > stage attachment.uplink/eth0
        > publish attachment.uplink/eth0
        > unpin attachment.uplink/eth0 /sys/fs/bpf/bpfapply/edge/next/attachments/uplink/eth0
        > final
        """)
    #expect(
      scenario.drift().brief() == """
        replace attachment.uplink/eth0 [drift] its link is detached: taken off xdp of eth0, or eth0 was deleted and made again
          attached: false -> true (drift) !
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func linkUnpinned() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.pins.removeAll { $0.kind == .link }
    scenario.kernel.collectGarbage()
    #expect(
      scenario.plan().brief() == """
        create attachment.uplink/eth0 [drift] its link is gone
        > intent
        > link attachment.uplink/eth0
        > stage attachment.uplink/eth0
        > publish attachment.uplink/eth0
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func anotherProgramOnTheLink() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: 900, name: "backdoor", type: .xdp, tag: "00112233aabbccdd"))
    scenario.kernel.observed.links[0].programID = 900
    scenario.kernel.observed.hooks[0].occupants[0].programID = 900
    #expect(
      scenario.plan().brief() == """
        update attachment.uplink/eth0 [drift] its link runs backdoor, tag 00112233aabbccdd
          program: backdoor, tag 00112233aabbccdd -> fw/filter (drift)
        > intent
        > swap attachment.uplink/eth0
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func interfaceDeletedAndMadeAgain() {
    var scenario = Scenario.applied()
    scenario.kernel.detach(scenario.id(.attachment("uplink", instance: "eth0")))
    scenario.kernel.observed.hooks[0].missing = "interface eth0 does not exist"
    scenario.kernel.observed.hooks[0].targetID = 0
    #expect(
      scenario.plan().brief(steps: false) == """
        replace attachment.uplink/eth0 [drift] its link is detached: interface eth0 does not exist
          attached: false -> true (drift) !
          BLOCK missing-target: attachment.uplink/eth0 has no place: interface eth0 does not exist
            hint: create it first
            hint: remove attachments.uplink or name another target
        """)
    scenario.kernel.observed.hooks[0].missing = nil
    scenario.kernel.observed.hooks[0].targetID = 555
    #expect(scenario.plan().isApplicable)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func modeChangeNeedsAGap() {
    var scenario = Scenario.applied()
    scenario.desired.attachments[0] = Fixture.xdp(mode: .native)
    #expect(
      scenario.plan().brief() == """
        replace (gap) attachment.uplink/eth0 [config] it runs in mode generic
          mode: generic -> native (config) !
          ! xdp of eth0 is empty for a moment
          BLOCK gap-not-allowed: the kernel cannot swap this at xdp of eth0 without a moment of an empty hook
            hint: set allow_gap: true on attachments.uplink
        > intent
        > relink attachment.uplink/eth0
        > stage attachment.uplink/eth0
        > publish attachment.uplink/eth0
        > unpin attachment.uplink/eth0 /sys/fs/bpf/bpfapply/edge/next/attachments/uplink/eth0
        > final
        """)
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
    #expect(
      scenario.plan().changes.flatMap(\.blocks).map(\.message) == [
        "xdp of eth0 is taken by a program that is not ours (theirs, tag 00112233aabbccdd), and holds one only"
      ])
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
    #expect(
      scenario.plan().brief()
        == "note foreign-program: a program that is not ours (theirs, tag 00112233aabbccdd) runs on tcx_ingress of eth0 too"
    )
    #expect(scenario.plan().isEmpty)
    #expect(scenario.drift().drifted.isEmpty)
    scenario.desired.attachments[0].exclusive = true
    #expect(
      scenario.plan().brief(steps: false) == """
        update attachment.uplink/eth0 [both] exclusive is recorded; the hook is to be ours alone
          exclusive: false -> true (config)
          foreign programs: [theirs, tag 00112233aabbccdd] -> - (drift)
          BLOCK foreign-program: tcx_ingress of eth0 is exclusive, and runs theirs, tag 00112233aabbccdd too
            hint: detach what is not ours, if nobody needs it
            hint: remove exclusive: true from attachments.uplink
        """)
  }

  @Test func whatTheKernelLacksIsRefusedBeforehand() {
    var desired = Fixture.firewall()
    desired.attachments[0] = Fixture.attachment(
      "uplink", "fw/filter", .kernelProbe(KernelProbe(function: "do_exit", isReturn: false)))
    var scenario = Scenario(desired)
    #expect(scenario.plan().changes.flatMap(\.blocks).isEmpty)
    scenario.kernel.observed.host.missing = [.kprobes]
    let blocks = scenario.plan().changes.flatMap(\.blocks)
    #expect(blocks.map(\.code) == ["kernel-lacks"])
    #expect(blocks[0].message.contains("has no kprobes, which kprobe of do_exit needs"))
    #expect(blocks[0].hints == ["kernels built with CONFIG_KPROBE_EVENTS have them"])
  }

  @Test func aProbeElsewhereIsDrift() {
    var desired = Fixture.firewall()
    desired.attachments[0] = Fixture.attachment(
      "uplink", "fw/filter",
      .userProbe(UserProbe(path: "/bin/sh", function: nil, offset: 64, isReturn: false)))
    var scenario = Scenario.applied(desired)
    #expect(scenario.plan().isEmpty)
    let id = scenario.id(.attachment("uplink", instance: nil))
    let index = scenario.kernel.observed.links.firstIndex { $0.id == id }!
    scenario.kernel.observed.links[index].target = .userProbe(
      path: "/bin/sh", offset: 64, isReturn: true)
    #expect(
      scenario.plan().brief(steps: false).contains("attached: false -> true (drift)"))
  }

  @Test func tracingRunsTwiceForAMoment() {
    var desired = Fixture.firewall()
    desired.attachments[0] = Fixture.attachment(
      "uplink", "fw/filter", .rawTracepoint(name: "sched_switch"))
    var scenario = Scenario.applied(desired)
    #expect(scenario.plan().isEmpty)
    scenario.desired.programs[0] = Fixture.program(
      "fw/filter", code: 2, maps: desired.programs[0].bindings)
    #expect(
      scenario.plan().brief() == """
        replace program.fw/filter [config] its code or what decides it changed
          digest: code-1 -> code-2 (config) !
        replace attachment.uplink [config] program.fw/filter is replaced
          ! the old and the new link both run for a moment
        > load program.fw/filter
        > intent
        > stage program.fw/filter
        > link attachment.uplink
        > stage attachment.uplink
        > publish program.fw/filter
        > publish attachment.uplink
        > detach attachment.uplink
        > unpin attachment.uplink /sys/fs/bpf/bpfapply/edge/next/attachments/uplink
        > unpin program.fw/filter /sys/fs/bpf/bpfapply/edge/next/programs/fw/filter
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(scenario.kernel.observed.links.count == 1)
  }

  @Test func oldKernelsAttachTrampolinesOnce() {
    var desired = Fixture.firewall()
    desired.attachments[0] = Fixture.attachment(
      "uplink", "fw/filter", .tracing(attachType: .traceFentry, target: "tcp_connect"))
    for (release, program) in [
      ("5.10.0-32-cloud-amd64", "replace"), ("5.13.0", nil), ("6.18.0", nil),
    ] {
      var scenario = Scenario.applied(desired)
      scenario.kernel.observed.host.kernelRelease = release
      #expect(scenario.plan().isEmpty)
      scenario.kernel.observed.pins.removeAll { $0.kind == .link }
      scenario.kernel.collectGarbage()
      let plan = scenario.plan()
      let change = plan.changes.first { $0.address == .program("fw/filter") }
      #expect((change?.action == .replace) == (program == "replace"), "\(release)")
      if program != nil {
        #expect(
          plan.brief(steps: false) == """
            replace program.fw/filter [drift] attachment.uplink needs it anew: kernels before 5.13 attach such a program once
            create attachment.uplink [drift] its link is gone
            """)
      }
      scenario.apply()
      #expect(scenario.plan().isEmpty)
    }
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
    #expect(
      scenario.plan().brief(steps: false) == """
        replace program.fw/filter [config] its code or what decides it changed
          digest: code-1 -> code-2 (config) !
        replace (gap) attachment.uplink [config] program.fw/filter is replaced
          ! netfilter ipv4 input, priority -10, of this network namespace is empty for a moment
          BLOCK gap-not-allowed: the kernel cannot swap this at netfilter ipv4 input, priority -10, of this network namespace without a moment of an empty hook
            hint: set allow_gap: true on attachments.uplink
            hint: choose a neighbouring priority that is free
        """)
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
    #expect(
      scenario.plan().brief() == """
        update map.flows [drift] its pin is another map (flows, hash)
          pin.path: another map (flows, hash) -> /sys/fs/bpf/bpfapply/edge/maps/flows (drift)
        update program.fw/filter [drift] its pin is gone
          pin.path: - -> /sys/fs/bpf/bpfapply/edge/programs/fw/filter (drift)
        update pin.shared [drift] the mode of its pin is 0666, not 0640
          pin.mode: 438 -> 416 (drift)
        > intent
        > restore pin map.flows
        > restore pin program.fw/filter
        > chmod pin.shared
        > unpin map.flows /sys/fs/bpf/bpfapply/edge/next/maps/flows
        > final
        """)
    #expect(
      scenario.drift().brief() == """
        update map.flows [drift] its pin is another map (flows, hash)
          pin.path: another map (flows, hash) -> /sys/fs/bpf/bpfapply/edge/maps/flows (drift)
        update program.fw/filter [drift] its pin is gone
          pin.path: - -> /sys/fs/bpf/bpfapply/edge/programs/fw/filter (drift)
        update pin.shared [drift] the mode of its pin is 0666, not 0640
          pin.mode: 438 -> 416 (drift)
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func aForeignPinInADeclaredPlace() {
    var scenario = Scenario()
    scenario.kernel.observed.maps.append(
      ObservedMap(id: 800, name: "other", type: .hash, keySize: 1, valueSize: 1, maxEntries: 1))
    scenario.kernel.observed.pins.append(
      ObservedPin(path: "/sys/fs/bpf/shared/blocklist", kind: .map, id: 800))
    #expect(
      scenario.plan().changes.flatMap(\.blocks).map(\.message) == [
        "/sys/fs/bpf/shared/blocklist is already taken by another map (other, hash), which is not ours"
      ])
  }

  @Test func aPinThatMoves() {
    var scenario = Scenario.applied()
    scenario.desired.pins[0].pin.path = "/sys/fs/bpf/shared/denied"
    #expect(
      scenario.plan().brief() == """
        update pin.shared [config] its pin moves
          pin.path: /sys/fs/bpf/shared/blocklist -> /sys/fs/bpf/shared/denied (config)
        > intent
        > restore pin pin.shared
        > unpin pin.shared /sys/fs/bpf/shared/blocklist
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(!scenario.kernel.observed.pins.contains { $0.path == "/sys/fs/bpf/shared/blocklist" })
  }

  @Test func aProgramThatDoesNotUseTheLiveMap() {
    var scenario = Scenario.applied()
    let id = scenario.id(.map("flows"))
    scenario.kernel.observed.programs[0].mapIDs.removeAll { $0 == id }
    #expect(
      scenario.plan().brief(steps: false) == """
        replace program.fw/filter [drift] it does not use the live map.flows
          maps.flows: another map -> flows (drift) !
        update attachment.uplink/eth0 [drift] program.fw/filter is replaced
        """)
  }

  @Test func theWholeDirectoryIsGone() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.pins.removeAll { PinPath.isBelow(Fixture.root, $0.path) }
    scenario.kernel.observed.inventory = nil
    scenario.kernel.collectGarbage()
    #expect(
      scenario.plan().brief(steps: false) == """
        create map.flows [config] -
        create map.fw/.rodata [config] -
        create map.fw/blocklist [config] -
        create program.fw/filter [config] -
        create attachment.uplink/eth0 [config] -
        update pin.shared [config] map.fw/blocklist is created
          BLOCK foreign-pin: /sys/fs/bpf/shared/blocklist is already taken by another map (blocklist, hash), which is not ours
            hint: take it over: adopt: /sys/fs/bpf/shared/blocklist on maps.fw/blocklist
            hint: use it and leave it to its owner: external: /sys/fs/bpf/shared/blocklist on maps.fw/blocklist
            hint: choose another path
            hint: remove that pin if nobody needs it: rm /sys/fs/bpf/shared/blocklist
        """)
    var adopting = scenario
    adopting.edit(map: "fw/blocklist") { $0.adopt = "/sys/fs/bpf/shared/blocklist" }
    adopting.apply()
    #expect(adopting.plan().isEmpty, "\(adopting.plan().brief())")
    #expect(scenario.drift().limitations == ["edge has not been applied since the host started"])
  }

  @Test func theInventoryIsLost() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.inventory = nil
    #expect(
      scenario.plan().brief() == """
        note inventory: there is no valid inventory: what is there is recorded anew
        > final
        """)
    scenario.kernel.observed.pins.removeAll { $0.kind != .link }
    #expect(
      scenario.plan().brief() == """
        update map.flows [config] its pin is gone
          pin.path: - -> /sys/fs/bpf/bpfapply/edge/maps/flows (config)
        update map.fw/.rodata [config] its pin is gone
          pin.path: - -> /sys/fs/bpf/bpfapply/edge/maps/fw/%2Erodata (config)
        update map.fw/blocklist [config] its pin is gone
          pin.path: - -> /sys/fs/bpf/bpfapply/edge/maps/fw/blocklist (config)
        update program.fw/filter [config] its pin is gone
          pin.path: - -> /sys/fs/bpf/bpfapply/edge/programs/fw/filter (config)
        create pin.shared [config] -
        > intent
        > restore pin map.flows
        > restore pin map.fw/.rodata
        > restore pin map.fw/blocklist
        > restore pin program.fw/filter
        > restore pin pin.shared
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func anIncompletePictureDeletesNothing() {
    var scenario = Scenario.applied()
    scenario.desired.pins = []
    scenario.desired.attachments[0].exclusive = true
    scenario.kernel.observed.limitations = ["without CAP_SYS_ADMIN only pinned objects are seen"]
    #expect(
      scenario.plan().brief(steps: false) == """
        update attachment.uplink/eth0 [config] exclusive is recorded
          exclusive: false -> true (config)
          BLOCK exclusive-unsure: whether xdp of eth0 is ours alone cannot be seen: without CAP_SYS_ADMIN only pinned objects are seen
            hint: run with CAP_SYS_ADMIN
            hint: remove exclusive: true from attachments.uplink
        note not-pruned: it is not wanted any more and stays, since not everything could be seen
        limitation: without CAP_SYS_ADMIN only pinned objects are seen
        """)
  }

  @Test func severalHooksAreSwappedOneAfterTheOther() {
    var desired = Fixture.firewall()
    desired.attachments.append(
      Fixture.attachment(
        "uplink", instance: "eth1", "fw/filter",
        .xdp(interface: InterfaceName(name: "eth1"), mode: .auto)))
    var scenario = Scenario.applied(desired)
    scenario.desired.programs[0] = Fixture.program(
      "fw/filter", code: 2, maps: desired.programs[0].bindings)
    #expect(scenario.plan().notes.map(\.code) == ["mixed-generations"])
  }

  @Test func whereTheNamespaceIsUnknownAForeignLinkIsANote() {
    var desired = Fixture.firewall()
    desired.attachments[0] = Fixture.attachment(
      "uplink", "fw/filter",
      .netfilter(
        NetfilterHook(protocolFamily: 2, hook: 1, priority: -10, defragment: false),
        namespace: .own))
    var scenario = Scenario(desired)
    scenario.kernel.observed.hooks[0].occupants = [.init(programID: 900, linkID: 901)]
    #expect(scenario.plan().isApplicable)
    #expect(scenario.plan().notes.map(\.code) == ["maybe-occupied"])
  }
}
