import BPFObject
import Sandbox
import Testing

@testable import Planning

/// Programs of one hook in the order that is asked for.
@Suite struct OrderPlanTests {
  static let ingress = Hook.tcx(
    interface: InterfaceName(name: "eth0"), attachType: .tcxIngress)
  static let egress = Hook.cgroup(path: "/web", attachType: .cgroupInetEgress)

  /// Attachments by name, each of a program of the same name.
  static func desired(
    _ orders: KeyValuePairs<String, AttachmentOrder?>, at hook: Hook = ingress
  ) -> DesiredState {
    var state = Fixture.empty()
    for (index, (name, order)) in orders.enumerated() {
      let isTraffic = hook == ingress
      state.programs.append(
        Fixture.program(
          "fw/\(name)", code: Int32(index), type: isTraffic ? .schedCls : .cgroupSkb,
          attachType: isTraffic ? .tcxIngress : .cgroupInetEgress))
      var attachment = Fixture.attachment(name, "fw/\(name)", hook)
      attachment.order = order
      state.attachments.append(attachment)
    }
    return state
  }

  /// Who runs on the hook, ours by their names.
  static func order(_ scenario: Scenario, at hook: Hook = ingress) -> [String] {
    let there = scenario.kernel.observed.hooks.first { $0.hook == hook }?.occupants ?? []
    return there.map { occupant in
      let ours = scenario.desired.attachments.first { scenario.id($0.address) == occupant.linkID }
      return ours?.name
        ?? scenario.kernel.observed.programs.first { $0.id == occupant.programID }?.name ?? "?"
    }
  }

  /// Somebody else's program at a place of the hook.
  static func intrude(
    _ name: String, at index: Int, of hook: Hook = ingress, _ scenario: inout Scenario
  ) {
    let id = UInt32(9000 + scenario.kernel.observed.programs.count)
    scenario.kernel.observed.programs.append(
      ObservedProgram(id: id, name: name, type: .schedCls, tag: "f0"))
    let place = scenario.kernel.observed.hooks.firstIndex { $0.hook == hook }!
    scenario.kernel.observed.hooks[place].occupants.insert(
      .init(programID: id, linkID: nil), at: index)
  }

  @Test func newLinksGoToTheirPlaces() {
    var scenario = Scenario(
      Self.desired([
        "a": .last, "b": .relative(before: [.attachment("a", instance: nil)], after: []),
        "c": .first, "d": nil,
      ]))
    scenario.apply()
    #expect(scenario.plan().isEmpty)
    #expect(Self.order(scenario) == ["c", "b", "d", "a"])
    #expect(scenario.drift().isEmpty)
  }

  @Test func somebodyBeforeTheFirst() {
    var scenario = Scenario.applied(Self.desired(["a": .first, "b": nil]))
    Self.intrude("agent", at: 0, &scenario)
    let drifted = scenario.drift().drifted
    #expect(drifted.map(\.address) == [.attachment("a", instance: nil)])
    #expect(drifted.first?.reason == "it stands behind agent")
    #expect(
      scenario.plan().brief() == """
        replace program.fw/a [drift] a copy of it goes where attachment.a has to stand, since the hook takes a program only once
        replace attachment.a [drift] it stands behind agent; program.fw/a is replaced
          order: behind agent -> first (drift) !
          ! the old and the new link both run for a moment
        note foreign-program: a program that is not ours (agent, tag f0) runs on tcx_ingress of eth0 too
        note foreign-program: a program that is not ours (agent, tag f0) runs on tcx_ingress of eth0 too
        > load program.fw/a
        > intent
        > stage program.fw/a
        > link attachment.a
        > stage attachment.a
        > publish program.fw/a
        > publish attachment.a
        > detach attachment.a
        > unpin attachment.a /sys/fs/bpf/bpfapply/edge/next/attachments/a
        > unpin program.fw/a /sys/fs/bpf/bpfapply/edge/next/programs/fw/a
        > final
        """)
    scenario.apply()
    #expect(Self.order(scenario) == ["a", "agent", "b"])
    #expect(scenario.plan().isEmpty)
  }

  @Test func throughAGapWhereThatIsAllowed() {
    var scenario = Scenario.applied(Self.desired(["a": .first]))
    Self.intrude("agent", at: 0, &scenario)
    scenario.desired.attachments[0].allowGap = true
    let text = scenario.plan().brief()
    #expect(text.contains("replace (gap) attachment.a"))
    #expect(text.contains("> relink attachment.a") && !text.contains("load"))
    scenario.apply()
    #expect(Self.order(scenario) == ["a", "agent"])
    #expect(scenario.plan().isEmpty)
  }

  @Test func aCgroupTakesAProgramTwice() {
    var scenario = Scenario.applied(Self.desired(["a": .first, "b": nil], at: Self.egress))
    let program = scenario.id(.program("fw/a"))
    Self.intrude("agent", at: 0, of: Self.egress, &scenario)
    #expect(!scenario.plan().brief().contains("load"))
    scenario.apply()
    #expect(Self.order(scenario, at: Self.egress) == ["a", "agent", "b"])
    #expect(scenario.id(.program("fw/a")) == program && scenario.plan().isEmpty)
  }

  @Test func anotherWishIsConfiguration() {
    var scenario = Scenario.applied(Self.desired(["a": .first, "b": nil, "c": nil]))
    scenario.desired.attachments[0].order = .relative(
      before: [], after: [.program("fw/b"), .named("agent")])
    let plan = scenario.plan()
    let change = plan.changes.first { $0.address == .attachment("a", instance: nil) }
    #expect(change?.cause == .config && change?.action == .replace)
    #expect(plan.notes.map(\.code) == ["order-anchor"])
    scenario.apply()
    #expect(Self.order(scenario) == ["b", "a", "c"])
    #expect(scenario.plan().isEmpty)
  }

  @Test func aWishThatIsMetAlreadyIsRecorded() {
    var scenario = Scenario.applied(Self.desired(["a": nil, "b": nil]))
    scenario.desired.attachments[1].order = .last
    let link = scenario.id(.attachment("b", instance: nil))
    #expect(
      scenario.plan().brief(steps: false) == """
        update attachment.b [config] order is recorded
          order: - -> last (config)
        """)
    scenario.apply()
    #expect(scenario.id(.attachment("b", instance: nil)) == link)
    scenario.desired.attachments[1].order = nil
    scenario.apply()
    #expect(scenario.id(.attachment("b", instance: nil)) == link && scenario.plan().isEmpty)
  }

  @Test func foreignersInTheWrongOrderStopThePlan() {
    var scenario = Scenario(
      Self.desired(["a": .relative(before: [.named("x")], after: [.named("y")])]))
    Self.intrude("x", at: 0, &scenario)
    Self.intrude("y", at: 1, &scenario)
    #expect(scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["order-impossible"])
  }

  @Test func aCircleThatOnlyTheHostShows() {
    let scenario = Scenario(
      Self.desired([
        "a": .relative(before: [.attachment("b", instance: nil)], after: []),
        "b": .relative(before: [.attachment("a", instance: nil)], after: []),
      ]))
    #expect(
      scenario.plan().changes.flatMap(\.blocks).map(\.code) == ["order-circle", "order-circle"])
  }

  @Test func whatTheKernelLacks() {
    var scenario = Scenario(Self.desired(["a": .first], at: Self.egress))
    scenario.kernel.observed.host.missing = [.cgroupOrder]
    let blocks = scenario.plan().changes.flatMap(\.blocks)
    #expect(blocks.map(\.code) == ["kernel-lacks"])
    #expect(blocks.first?.hints == ["Linux 6.17 and newer have it"])
  }

  @Test func earlyProgramsAreAListOfTheirOwn() {
    var state = Self.desired(["a": .first, "b": .first], at: Self.egress)
    state.attachments[1].preorder = true
    var scenario = Scenario(state)
    scenario.apply()
    #expect(scenario.plan().isEmpty)
  }

  @Test func writtenDownAndReadBack() {
    let orders: [AttachmentOrder] = [
      .first, .last,
      .relative(
        before: [
          .attachment("a", instance: "eth0"), .attachment("b", instance: nil), .id(17),
          .named("agent"),
        ], after: [.pin("/sys/fs/bpf/before x"), .program("fw/p")]),
    ]
    for order in orders {
      #expect(AttachmentOrder(spec: Spec(["order": order.specValue])) == order)
    }
  }

  /// Whatever stands there and whatever is asked for: after one apply it is so, or the plan said
  /// that it cannot be.
  @Test func anyWishesOnAnyHook() {
    for seed in 0..<100 {
      var random = SplitMix(seed: UInt64(seed))
      let names = ["a", "b", "c", "d", "e"]
      func wish(_ name: String) -> AttachmentOrder? {
        func anchor() -> OrderAnchor {
          let all = names.filter { $0 != name }.map { OrderAnchor.attachment($0, instance: nil) }
          return (all + [.named("x"), .named("y")]).randomElement(using: &random)!
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .first
        case 1: return .last
        case 2: return .relative(before: [anchor()], after: [])
        case 3: return .relative(before: [], after: [anchor()])
        default: return nil
        }
      }
      var scenario = Scenario(Self.desired(["a": nil, "b": nil, "c": nil, "d": nil, "e": nil]))
      if seed % 3 > 0 { scenario.apply() }
      Self.intrude("x", at: 0, &scenario)
      let count = scenario.kernel.observed.hooks[0].occupants.count
      Self.intrude("y", at: Int.random(in: 0...count, using: &random), &scenario)
      for index in names.indices {
        scenario.desired.attachments[index].order = wish(names[index])
        scenario.desired.attachments[index].allowGap = Bool.random(using: &random)
      }
      let plan = scenario.plan()
      guard plan.isApplicable else {
        #expect(
          plan.changes.flatMap(\.blocks).allSatisfy { $0.code.hasPrefix("order-") }, "seed \(seed)")
        continue
      }
      scenario.apply()
      #expect(scenario.plan().isEmpty, "seed \(seed): \(scenario.plan().brief())")
      #expect(scenario.drift().isEmpty, "seed \(seed)")
      #expect(Set(Self.order(scenario)) == Set(names + ["x", "y"]), "seed \(seed)")
      #expect(Self.order(scenario).count == 7, "seed \(seed)")
    }
  }
}
