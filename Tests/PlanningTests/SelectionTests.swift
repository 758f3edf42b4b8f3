import BPFObject
import Testing

@testable import Planning

/// Attachments to whatever interfaces match.
@Suite struct SelectionTests {
  static func desired(_ selector: InterfaceSelector) -> DesiredState {
    var state = Fixture.firewall()
    state.attachments = []
    let any = InterfaceName(name: "*")
    state.selections = [
      InterfaceSelection(
        selector: selector,
        template: Fixture.attachment("uplink", "fw/filter", .xdp(interface: any, mode: .auto)))
    ]
    return state
  }

  static func scenario(_ interfaces: [ObservedInterface]) -> Scenario {
    var scenario = Scenario(desired(InterfaceSelector(names: ["eth*"])))
    see(interfaces, &scenario)
    return scenario
  }

  static func see(_ interfaces: [ObservedInterface], _ scenario: inout Scenario) {
    scenario.kernel.observed.interfaces = interfaces
    scenario.kernel.observed.listedNamespaces = [.own]
    scenario.kernel.provideHooks(scenario.desired.resolved(for: scenario.kernel.observed))
  }

  static func interface(_ name: String, _ index: UInt32) -> ObservedInterface {
    ObservedInterface(name: InterfaceName(name: name), index: index)
  }

  @Test(arguments: [
    ("eth*", "eth0", true), ("eth*", "eth", true), ("eth?", "eth", false), ("eth?", "eth1", true),
    ("*", "lo", true), ("*a*b", "xaxxb", true), ("*a*b", "xbxa", false), ("eth0", "eth01", false),
    ("", "lo", false), ("**?", "x", true),
  ]) func patterns(pattern: String, name: String, matches: Bool) {
    #expect(Pattern.matches(name, pattern: pattern) == matches)
  }

  @Test func everythingThatIsSaidHasToFit() {
    let veth = ObservedInterface(
      name: InterfaceName(name: "veth7"), index: 7, kind: "veth", driver: "veth", group: 3,
      isUp: true)
    let fits = InterfaceSelector(
      names: ["x", "ve*"], except: ["veth8"], kinds: ["veth"], drivers: ["ixgbe", "veth"], group: 3,
      isUp: true)
    #expect(fits.matches(veth))
    for spoil: (inout InterfaceSelector) -> Void in [
      { $0.names = ["x"] }, { $0.except = ["*7"] }, { $0.kinds = ["bridge"] },
      { $0.drivers = ["ixgbe"] }, { $0.group = 0 }, { $0.isUp = false },
    ] {
      var selector = fits
      spoil(&selector)
      #expect(!selector.matches(veth), "\(selector)")
    }
  }

  @Test func interfacesComeAndGo() {
    let (eth0, eth1) = (Self.interface("eth0", 2), Self.interface("eth1", 3))
    var scenario = Self.scenario([Self.interface("lo", 1), eth0])
    #expect(
      scenario.plan().changes.map(\.address).contains(.attachment("uplink", instance: "eth0")))
    // The model executes what is resolved; the selector stays in it.
    scenario.desired = scenario.desired.resolved(for: scenario.kernel.observed)
    scenario.apply()
    #expect(scenario.plan().isEmpty)

    Self.see([eth0, eth1], &scenario)
    #expect(
      scenario.plan().brief(steps: false).contains("create attachment.uplink/eth1"))
    Self.see([eth1], &scenario)
    let text = scenario.plan().brief(steps: false)
    #expect(
      text.contains("delete attachment.uplink/eth0 [config] interface eth0 is gone"), "\(text)")
    #expect(scenario.plan().isApplicable)
    Self.see([], &scenario)
    #expect(scenario.plan().isApplicable)
  }

  @Test func anInterfaceOfAnotherNamespaceIsAnother() {
    let blue = ObservedInterface(
      name: InterfaceName(namespace: .name("blue"), name: "eth0"), index: 2)
    let observed = Self.scenario([blue]).kernel.observed
    #expect(Self.desired(InterfaceSelector()).resolved(for: observed).attachments.isEmpty)
  }

  @Test func whatVanishedWhileLookingIsNotThere() {
    let scenario = Self.scenario([Self.interface("eth0", 2)])
    var observed = scenario.kernel.observed
    for index in observed.hooks.indices { observed.hooks[index].missing = "gone" }
    #expect(scenario.desired.resolved(for: observed).attachments.isEmpty)
    let moved = scenario.desired.selectedDifferently(in: scenario.kernel.observed, and: observed)
    #expect(moved == [.attachment("uplink", instance: "eth0")])
  }

  @Test func anInterfaceThatAnotherAttachmentNames() {
    var scenario = Self.scenario([Self.interface("eth0", 2)])
    scenario.desired.attachments = [
      Fixture.attachment(
        "named", instance: "eth0", "fw/filter",
        .xdp(interface: InterfaceName(name: "eth0"), mode: .auto))
    ]
    #expect(
      scenario.plan().brief(steps: false).contains(
        """
          BLOCK hook-taken: xdp of eth0 is wanted by attachment.named/eth0 too, and holds one program
            hint: leave it out: except: [eth0] in the selector of attachments.uplink
        """))
  }
}
