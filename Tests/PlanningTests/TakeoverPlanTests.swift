import BPFObject
import Planning
import Testing

/// What changes hands: adopted, renamed, given up.
@Suite struct TakeoverPlanTests {
  static let theirs = "/sys/fs/bpf/theirs"

  /// A host on which somebody else has pinned a map like `flows`.
  private func hostWithMap(_ edit: (inout ObservedMap) -> Void = { _ in }) -> Scenario {
    var scenario = Scenario()
    var map = ObservedMap(
      id: 700, name: "flows", type: .lruHash, keySize: 4, valueSize: 8, maxEntries: 64)
    map.frozen = false
    edit(&map)
    scenario.kernel.observed.maps.append(map)
    scenario.kernel.observed.pins.append(ObservedPin(path: Self.theirs, kind: .map, id: 700))
    scenario.edit(map: "flows") { $0.adopt = Self.theirs }
    return scenario
  }

  private func flows(_ plan: Plan) -> String {
    var plan = plan
    plan.changes = plan.changes.filter { $0.address == .map("flows") }
    return plan.brief(steps: false)
  }

  @Test func aMapIsAdoptedAsItIs() {
    var scenario = hostWithMap()
    let plan = scenario.plan()
    #expect(flows(plan) == "adopt map.flows [config] it is pinned at /sys/fs/bpf/theirs")
    #expect(plan.changes.first?.adopts == Adoption(kind: .map, id: 700, path: Self.theirs))
    #expect(plan.steps.contains(.restorePin(.map("flows"), id: 700)))
    #expect(!plan.steps.contains(.createMap(ref: "flows")))
    scenario.apply()
    #expect(scenario.id(.map("flows")) == 700)
    #expect(scenario.plan().isEmpty)
    #expect(scenario.kernel.observed.pins.filter { $0.id == 700 && $0.kind == .map }.count == 2)
    // Once it is ours, the line is of no account: the old pin may go, and another map may come.
    scenario.kernel.observed.pins.removeAll { $0.path == Self.theirs }
    #expect(scenario.plan().isEmpty && scenario.drift().changes.allSatisfy { $0.cause == nil })
  }

  @Test func differencesOfAnAdoptedMapAreOrdinaryChanges() {
    var scenario = hostWithMap { $0.maxEntries = 32 }
    #expect(
      flows(scenario.plan()) == """
        replace map.flows [config] it is pinned at /sys/fs/bpf/theirs; max_entries cannot be changed in place
          max_entries: 32 -> 64 (config) !
          BLOCK replace-refused: replacing map.flows would lose what is in it: max_entries cannot be changed in place
            hint: set on_replace: migrate on maps.flows to keep it, or recreate to lose it
            hint: leave it as it is
        """)
    scenario.edit(map: "flows") { $0.onReplace = .recreate }
    #expect(
      scenario.plan().changes.first?.consequences == [
        "the map at /sys/fs/bpf/theirs stays as it is, and the new one starts without its contents"
      ])
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: 900, name: "user", type: .xdp, tag: "00112233aabbccdd", mapIDs: [700]))
    #expect(scenario.plan().changes.first?.blocks.map(\.code) == ["map-in-use"])
  }

  @Test func whatCannotBeAdopted() {
    var scenario = hostWithMap()
    scenario.edit(map: "flows") { $0.adopt = "/sys/fs/bpf/nothing" }
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["adopt-missing"])
    scenario.edit(map: "flows") { $0.adopt = Self.theirs }
    scenario.kernel.observed.foreign = [
      ForeignObject(
        kind: .map, id: 700,
        pins: ["/sys/fs/bpf/bpfapply/other/maps/flows", Self.theirs])
    ]
    let block = scenario.plan().changes.flatMap(\.blocks).first
    #expect(block?.code == "owned-by-other")
    #expect(
      block?.message
        == "/sys/fs/bpf/theirs belongs to 'other', which bpfapply manages as well")
    #expect(
      block?.hints == [
        "give it up first: forget: [map.flows] in the manifest of 'other'",
        "use it and leave it to its owner: external: /sys/fs/bpf/theirs on maps.flows",
        "remove adopt: from maps.flows",
      ])
  }

  @Test func aProgramComesWithItsMaps() {
    // What edge applied, seen by another owner who is to take it over.
    var scenario = Scenario.applied()
    let link = scenario.id(.attachment("uplink", instance: "eth0"))
    let program = scenario.id(.program("fw/filter"))
    scenario.kernel.observed.inventory = nil
    for index in scenario.kernel.observed.programs.indices {
      scenario.kernel.observed.programs[index].metadata = nil
    }
    scenario.kernel.observed.pins = [
      ObservedPin(path: "/sys/fs/bpf/old/filter", kind: .program, id: program),
      ObservedPin(path: "/sys/fs/bpf/old/link", kind: .link, id: link),
    ]
    scenario.desired.pins = []
    scenario.desired.programs[0].adopt = "/sys/fs/bpf/old/filter"
    scenario.desired.attachments[0].adopt = .pin("/sys/fs/bpf/old/link")
    #expect(
      scenario.plan().brief(steps: false) == """
        adopt map.flows [config] it comes with program.fw/filter
        adopt map.fw/.rodata [config] it comes with program.fw/filter
        adopt map.fw/blocklist [config] it comes with program.fw/filter
        adopt program.fw/filter [config] it is pinned at /sys/fs/bpf/old/filter
        adopt attachment.uplink/eth0 [config] it is pinned at /sys/fs/bpf/old/link
        """)
    scenario.apply()
    #expect(scenario.plan().isEmpty, "\(scenario.plan().brief())")
    #expect(scenario.id(.attachment("uplink", instance: "eth0")) == link)
  }

  @Test func aProgramWithoutALinkBecomesALink() {
    var scenario = Scenario()
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: 900, name: "old", type: .xdp, tag: "00112233aabbccdd"))
    scenario.kernel.observed.hooks[0].occupants = [.init(programID: 900, linkID: nil)]
    scenario.kernel.observed.foreign = [
      ForeignObject(
        kind: .program, id: 900, pins: ["/sys/fs/bpf/agent/old"],
        processes: [.init(id: 42, command: "agent")])
    ]
    func attachment(_ plan: Plan) -> ResourceChange? {
      plan.changes.first { $0.address == .attachment("uplink", instance: "eth0") }
    }
    let block = attachment(scenario.plan())?.blocks.first
    #expect(
      block?.message == "xdp of eth0 is taken by a program that is not ours (old, tag "
        + "00112233aabbccdd, pinned at /sys/fs/bpf/agent/old, held by agent (process 42)), and "
        + "holds one only")
    #expect(
      block?.hints == [
        "take it over: adopt: true on attachments.uplink", "detach it if nobody needs it",
      ])
    scenario.desired.attachments[0].adopt = .legacy
    let change = attachment(scenario.plan())
    #expect(change?.action == .replace && change?.leavesGap == true)
    #expect(change?.adopts == Adoption(kind: .program, id: 900, path: nil))
    #expect(change?.blocks.map(\.code) == ["gap-not-allowed"])
    scenario.desired.attachments[0].allowGap = true
    let steps = scenario.plan().steps
    let address = Address.attachment("uplink", instance: "eth0")
    let detach = steps.firstIndex(of: .detachLegacy(address, program: 900))
    #expect(detach != nil && detach == steps.firstIndex(of: .createLink(address)).map { $0 - 1 })
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func aRenamedMapKeepsItsContents() {
    var scenario = Scenario.applied()
    let id = scenario.id(.map("flows"))
    scenario.desired.maps[2] = Fixture.map("seen", .lruHash, key: 4, value: 8, count: 64)
    scenario.desired.maps[2].map.kernelName = "flows"
    scenario.desired.programs[0].bindings["flows"] = "seen"
    let unaware = scenario.plan()
    #expect(unaware.notes.map(\.code) == ["perhaps-moved"])
    #expect(unaware.notes.first?.message.contains("moved: {map.flows: map.seen}") == true)
    scenario.desired.moves = [Move(from: .map("flows"), to: .map("seen"))]
    #expect(
      scenario.plan().brief() == """
        update map.seen [config] it was map.flows; its pin moves
          pin.path: /sys/fs/bpf/bpfapply/edge/maps/flows -> /sys/fs/bpf/bpfapply/edge/maps/seen (config)
        > intent
        > move map.seen /sys/fs/bpf/bpfapply/edge/maps/flows /sys/fs/bpf/bpfapply/edge/maps/seen
        > final
        """)
    for killed in 0...3 {
      var host = scenario
      host.apply(steps: killed)
      host.apply()
      #expect(host.plan().isEmpty, "killed after \(killed): \(host.plan().brief())")
      #expect(host.id(.map("seen")) == id && host.id(.map("flows")) == 0)
      #expect(host.kernel.observed.pins.count == 6)
    }
  }

  @Test func anAttachmentMovesWithItsInstances() {
    var scenario = Scenario.applied()
    let id = scenario.id(.attachment("uplink", instance: "eth0"))
    scenario.desired.attachments[0].name = "wan"
    scenario.desired.attachments[0].pin.path = PinPath.path(
      of: scenario.desired.attachments[0].address, root: Fixture.root)
    scenario.desired.moves = [
      Move(from: .attachment("uplink", instance: nil), to: .attachment("wan", instance: nil))
    ]
    scenario.apply()
    #expect(scenario.plan().isEmpty, "\(scenario.plan().brief())")
    #expect(scenario.id(.attachment("wan", instance: "eth0")) == id)
    #expect(scenario.kernel.observed.links.count == 1)
  }

  @Test func aMoveOntoWhatIsAppliedIsRefused() {
    var scenario = Scenario()
    scenario.desired.maps.append(Fixture.map("more", .hash, key: 4, value: 4, count: 4))
    scenario.apply()
    scenario.desired.maps.removeLast()
    scenario.desired.moves = [Move(from: .map("more"), to: .map("flows"))]
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["moved-taken"])
  }

  @Test func whatIsGivenUpStays() {
    var scenario = Scenario()
    scenario.desired.maps.append(Fixture.map("more", .hash, key: 4, value: 4, count: 4))
    scenario.edit(map: "more") { $0.protect = true }
    scenario.apply()
    let id = scenario.id(.map("more"))
    scenario.desired.maps.removeLast()
    scenario.desired.forgotten = [.map("more")]
    let place = "/sys/fs/bpf/bpfapply/edge/forgotten/maps/more"
    #expect(
      scenario.plan().brief() == """
        forget map.more [config] the manifest gives it up
          ! its pin moves to \(place)
        > intent
        > move map.more /sys/fs/bpf/bpfapply/edge/maps/more \(place)
        > final
        """)
    for killed in 0...3 {
      var host = scenario
      host.apply(steps: killed)
      host.apply()
      #expect(host.plan().isEmpty, "killed after \(killed): \(host.plan().brief())")
      #expect(host.kernel.observed.pins.contains { $0.path == place && $0.id == id })
      // Nor is it taken for ours when the inventory is lost.
      host.kernel.observed.inventory = nil
      host.desired.forgotten = []
      #expect(!host.plan().changes.contains { $0.address == .map("more") })
    }
  }

  @Test func protectionThatIsNotRepeatedIsKept() {
    var scenario = Scenario(Fixture.firewall())
    scenario.edit(map: "fw/blocklist") { ($0.protect, $0.declaresProtection) = (true, true) }
    scenario.apply()
    // The block is gone; the object's map is still there.
    scenario.edit(map: "fw/blocklist") { ($0.protect, $0.declaresProtection) = (false, false) }
    #expect(scenario.plan().isEmpty, "\(scenario.plan().brief())")
    scenario.edit(map: "fw/blocklist") { $0.map.maxEntries = 99 }
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["protected"])
    #expect(
      scenario.plan(PlanOptions(unprotect: [.map("fw/blocklist")])).isApplicable)
    scenario.edit(map: "fw/blocklist") { $0.declaresProtection = true }
    #expect(scenario.plan().isApplicable)
  }

  @Test func anOwnerOfTheSameNameOnAnotherBPFFS() {
    // Applied through another mount: here there are neither pins nor an inventory.
    var scenario = Scenario.applied()
    scenario.kernel.observed.inventory = nil
    scenario.kernel.observed.pins = []
    for index in scenario.kernel.observed.programs.indices {
      scenario.kernel.observed.programs[index].metadata?.bpffsDevice = 7
    }
    let change = scenario.plan().changes.first {
      $0.address == .attachment("uplink", instance: "eth0")
    }
    #expect(change?.blocks.first?.code == "hook-occupied")
    #expect(change?.blocks.first?.message.contains("of 'edge' on another bpffs") == true)
    #expect(scenario.plan().changes.first { $0.address == .program("fw/filter") }?.liveID == nil)
    // What is attached without a link may have outlived the bpffs that it was made through.
    scenario.kernel.observed.hooks[0].occupants[0].linkID = nil
    scenario.kernel.observed.links = []
    #expect(scenario.plan().changes.first { $0.address == .program("fw/filter") }?.liveID != nil)
  }
}
