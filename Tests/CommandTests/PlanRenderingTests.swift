import FoundationEssentials
import Planning
import Testing

@testable import bpfapply

@Suite struct PlanRenderingTests {
  @Test func textShowsEveryKindOfChange() throws {
    try expectGolden(PlanText(Samples.view).render(), "plan.txt")
  }

  @Test func colourAddsOnlyEscapes() {
    let coloured = PlanText(Samples.view, style: Style(colour: true)).render()
    #expect(coloured.contains("\u{1B}[31m"))
    #expect(coloured.replacing(/\u{1B}\[[0-9]+m/, with: "") == PlanText(Samples.view).render())
  }

  @Test func nothingToDoIsSaidInOneLine() throws {
    try expectGolden(PlanText(Samples.emptyView).render(), "plan-empty.txt")
  }

  @Test func stepsWithoutChangesAreListed() throws {
    var view = Samples.emptyView
    view.plan.steps = [.removeLeftover(path: "/sys/fs/bpf/bpfapply/fw/next/maps"), .writeFinal]
    try expectGolden(PlanText(view).render(), "plan-housekeeping.txt")
  }

  @Test func legendExplainsOnlyWhatIsUsed() {
    var view = Samples.emptyView
    view.plan.changes = [Samples.creation]
    let legend = PlanText(view).render().split(separator: "\n\n")[0]
    #expect(legend == "Symbols:\n  + create")
  }

  @Test func controlCharactersBecomeVisible() {
    let text = PlanText(Samples.view).render()
    #expect(text.contains("block\\u{1b}[2Jlist"))
    #expect(!text.contains("\u{1B}"))
  }

  @Test func contentsOfSensitiveMapsAreCountedOnly() {
    var view = Samples.view
    view.sensitive = [.map("fw/blocklist"), .map("fw/stats")]
    #expect(
      PlanText(view).render().contains("entries: 1 to add, 1 to change, 1 to remove (sensitive)"))
    for text in [
      PlanText(view).render(), PlanJSON(view).render(), PlanMarkdown(view).render(),
    ] {
      #expect(!text.contains("10.0.0.0/8"))
      #expect(!text.contains("{packets: 3}"))
      #expect(!text.contains("9f86d081884c"))
    }
  }

  @Test func markdown() throws {
    try expectGolden(PlanMarkdown(Samples.view).render(), "plan.md")
  }

  @Test func markdownFenceIsLongerThanAnyInTheText() {
    var view = Samples.emptyView
    var change = Samples.update
    change.reason = "a ```` b"
    view.plan.changes = [change]
    #expect(PlanMarkdown(view).render().contains("\n`````text\n"))
  }

  @Test func json() throws {
    var view = Samples.view
    view.plan.changes[1].entries?.changes.removeLast(993)
    try expectGolden(PlanJSON(view).render(), "plan.json")
  }

  @Test func jsonUsesTerraformsActions() throws {
    let decoded = try snakeCaseDecoder.decode(
      DecodedPlan.self, from: Data(PlanJSON(Samples.view).render().utf8))
    #expect(decoded.formatVersion == "1.0")
    #expect(!decoded.complete)
    #expect(!decoded.applyable)
    #expect(decoded.fingerprint == "plan:5d41402abc4b2a76")
    let actions = Dictionary(
      uniqueKeysWithValues: decoded.resourceChanges.map { ($0.address, $0.change.actions) })
    #expect(
      actions == [
        "map.flows": ["no-op"], "map.fw/stats": ["create"], "program.fw/xdp_filter": ["update"],
        "map.fw/blocklist": ["create", "delete"], "attachment.uplink/eth0": ["delete", "create"],
        "attachment.ingress/eth1": ["create"], "pin.shared": ["delete"],
      ])
    #expect(
      decoded.resourceDrift.map(\.address) == ["map.fw/blocklist", "attachment.ingress/eth1"])
    #expect(decoded.resourceDrift.map(\.change.actions) == [["update"], ["delete"]])
  }

  @Test func everyActionHasASymbolAndAName() {
    for action in Action.allCases {
      var change = ResourceChange(address: .map("a"), action: action)
      #expect(!change.actionNames.isEmpty)
      #expect(!ChangeSymbol(change).meaning.isEmpty)
      change.leavesGap = true
      #expect(!change.headline.isEmpty)
    }
  }

  @Test func adoptionNamesWhatIsImported() {
    var change = ResourceChange(address: .map("a"), action: .adopt)
    change.liveID = 5
    change.adopts = Adoption(kind: .map, id: 5, path: "/sys/fs/bpf/a")
    var view = Samples.emptyView
    view.plan.changes = [change]
    let line = PlanJSON(view).json.line
    #expect(
      line.contains(
        #""actions":["no-op"],"before":{},"after":{},"#
          + #""importing":{"id":5,"kind":"map","pin":"/sys/fs/bpf/a"}"#))
  }
}

private struct DecodedPlan: Decodable {
  struct Change: Decodable { var actions: [String] }
  struct Resource: Decodable {
    var address: String
    var change: Change
  }
  var formatVersion: String
  var complete: Bool
  var applyable: Bool
  var fingerprint: String
  var resourceChanges: [Resource]
  var resourceDrift: [Resource]
}
