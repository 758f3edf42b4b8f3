import BPFObject
import Planning
import Testing

/// What leaves the manifest, and what an interrupted apply left.
@Suite struct PrunePlanTests {
  @Test func whatIsNoLongerInTheManifestGoes() {
    var scenario = Scenario.applied()
    scenario.desired.attachments = []
    scenario.desired.pins = []
    #expect(
      scenario.plan().brief() == """
        delete attachment.uplink/eth0 [config] it is no longer in the manifest
        delete pin.shared [config] it is no longer in the manifest
        > intent
        > detach attachment.uplink/eth0
        > unpin pin.shared /sys/fs/bpf/shared/blocklist
        > unpin attachment.uplink/eth0 /sys/fs/bpf/bpfapply/edge/attachments/uplink/eth0
        > final
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(scenario.kernel.observed.links.isEmpty)
  }

  @Test func nothingKeptNeedsConsent() {
    var scenario = Scenario.applied()
    scenario.desired = Fixture.empty()
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["nothing-kept"])
    let options = PlanOptions(allowEmpty: true, maxDeletes: 3)
    #expect(
      scenario.plan(options).changes.flatMap(\.blocks).map(\.message) == [
        "the plan deletes 6 resources, and at most 3 are allowed"
      ])
    #expect(scenario.plan(PlanOptions(allowEmpty: true)).isApplicable)
  }

  @Test func protectionOutlivesItsBlock() {
    var scenario = Scenario(Fixture.firewall())
    scenario.desired.maps.append(Fixture.map("kept", .hash, key: 4, value: 4, count: 4))
    scenario.edit(map: "kept") { $0.protect = true }
    scenario.apply()
    scenario.desired.maps.removeLast()
    #expect(
      scenario.plan().brief(steps: false) == """
        delete map.kept [config] it is no longer in the manifest
          ! its contents are lost
          BLOCK protected: map.kept was applied with protect: true
            hint: pass --unprotect map.kept
            hint: apply it with protect: false first
            hint: put it back into the manifest
        """)
    #expect(scenario.plan(PlanOptions(unprotect: [.map("kept")])).isApplicable)
  }

  @Test func whatIsGoneAlreadyIsForgotten() {
    var scenario = Scenario.applied()
    scenario.kernel.observed.pins.removeAll { $0.kind == .link }
    scenario.kernel.collectGarbage()
    scenario.desired.attachments = []
    #expect(
      scenario.plan().brief() == """
        forget attachment.uplink/eth0 [config] it is gone already, and no longer in the manifest
        > final
        """)
  }

  @Test func destroy() {
    var scenario = Scenario.applied()
    let plan = planDestroy(owner: "edge", root: Fixture.root, scenario.kernel.observed)
    #expect(
      plan.brief() == """
        delete map.flows [config] all that edge owns is destroyed
          ! its contents are lost
        delete map.fw/.rodata [config] all that edge owns is destroyed
        delete map.fw/blocklist [config] all that edge owns is destroyed
          ! its 2 entries are lost
        delete program.fw/filter [config] all that edge owns is destroyed
        delete attachment.uplink/eth0 [config] all that edge owns is destroyed
        delete pin.shared [config] all that edge owns is destroyed
        > intent
        > detach attachment.uplink/eth0
        > unpin pin.shared /sys/fs/bpf/shared/blocklist
        > unpin attachment.uplink/eth0 /sys/fs/bpf/bpfapply/edge/attachments/uplink/eth0
        > unpin program.fw/filter /sys/fs/bpf/bpfapply/edge/programs/fw/filter
        > unpin map.fw/blocklist /sys/fs/bpf/bpfapply/edge/maps/fw/blocklist
        > unpin map.fw/.rodata /sys/fs/bpf/bpfapply/edge/maps/fw/%2Erodata
        > unpin map.flows /sys/fs/bpf/bpfapply/edge/maps/flows
        > remove inventory
        """)
    scenario.kernel.apply(plan, Fixture.empty())
    let observed = scenario.kernel.observed
    #expect(observed.maps.isEmpty && observed.programs.isEmpty && observed.links.isEmpty)
    #expect(observed.pins.isEmpty && observed.inventory == nil)
    #expect(planDestroy(owner: "edge", root: Fixture.root, observed).isEmpty)
  }

  @Test func anAttachmentRenamedOnAHookThatHoldsOne() {
    var scenario = Scenario.applied()
    scenario.desired.attachments[0].name = "wan"
    scenario.desired.attachments[0].pin.path = PinPath.path(
      of: scenario.desired.attachments[0].address, root: Fixture.root)
    #expect(
      scenario.plan().brief(steps: false) == """
        delete attachment.uplink/eth0 [config] it is no longer in the manifest
        create (gap) attachment.wan/eth0 [config] -
          ! xdp of eth0 is empty for a moment
          BLOCK gap-not-allowed: the kernel cannot swap this at xdp of eth0 without a moment of an empty hook
            hint: set allow_gap: true on attachments.wan
        note perhaps-moved: attachment.wan/eth0 is made with the same spec; if it is only another name, moved: {attachment.uplink/eth0: attachment.wan/eth0} keeps what is there
        """)
    scenario.desired.attachments[0].allowGap = true
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func anApplyKilledAtAnyStepIsRepairedByTheNext() {
    // From nothing, and from an older state.
    var changed = Fixture.firewall()
    changed.maps[1].map.maxEntries = 32
    changed.maps[0] = Fixture.rodata(9)
    changed.programs[0] = Fixture.program(
      "fw/filter", code: 5, maps: changed.programs[0].bindings)
    for start in [Scenario(changed), Scenario.applied()] {
      let count = { () -> Int in
        var scenario = start
        scenario.desired = changed
        return scenario.plan().steps.count
      }()
      for killed in 0..<count {
        var scenario = start
        scenario.desired = changed
        scenario.apply(steps: killed)
        #expect(scenario.plan().isApplicable, "killed after \(killed): \(scenario.plan().brief())")
        scenario.apply()
        #expect(scenario.plan().isEmpty, "killed after \(killed): \(scenario.plan().brief())")
        let observed = scenario.kernel.observed
        #expect(observed.maps.count == 3 && observed.programs.count == 1, "killed after \(killed)")
        #expect(observed.links.count == 1 && observed.pins.count == 6, "killed after \(killed)")
      }
    }
  }
}
