import BPFObject
import Manifest
import Planning
import Testing

@Suite("What changes hands")
struct TakeoverResolutionTests {
  static let attached =
    "attachments:\n  up: {program: fw/filter, xdp: {interface: eth0}, adopt: true}\n"

  @Test func adopt() throws {
    let state = try resolve(
      Self.attached
        + "maps: {fw/flows: {adopt: /sys/fs/bpf/a, protect: false}}\n"
        + "programs: {fw/filter: {adopt: /sys/fs/bpf/b}}\n"
    ).state
    #expect(state.attachments[0].adopt == .legacy)
    #expect(state.programs[0].adopt == "/sys/fs/bpf/b")
    let flows = state.maps.first { $0.ref == "fw/flows" }
    #expect(flows?.adopt == "/sys/fs/bpf/a" && flows?.declaresProtection == true)
    #expect(
      errors("attachments:\n  up: {program: fw/filter, adopt: x, xdp: {interface: eth0}}\n")
        == ["invalid-value 6:35"])
    #expect(
      errors(
        "attachments:\n  up: {program: fw/filter, adopt: /sys/fs/bpf/x, xdp: {interface: [a, b]}}\n"
      ) == ["ambiguous-adoption 6:35"])
    #expect(
      errors("maps: {m: {external: /sys/fs/bpf/x, adopt: /sys/fs/bpf/y}}\n")
        == ["conflicting-keys 5:44"])
  }

  @Test func movedAndForgotten() throws {
    let state = try resolve(
      Self.attached + "moved: {map.old: map.fw/flows, attachment.was: attachment.up}\n"
        + "forget: [pin.x, program.fw/gone]\n"
    ).state
    #expect(
      state.moves.map { "\($0.from) \($0.to)" } == [
        "map.old map.fw/flows", "attachment.was attachment.up",
      ])
    #expect(state.forgotten == [.pin("x"), .program("fw/gone")])
    func wrong(_ text: String) -> [String] { errors(Self.attached + text) }
    #expect(wrong("moved: {maps.a: map.fw/flows}\n") == ["invalid-name 7:9"])
    #expect(wrong("moved: {map.a: map.fw/flow}\n") == ["unknown-address 7:16"])
    #expect(wrong("moved: {map.fw/flows: map.fw/tails}\n") == ["moved-and-declared 7:9"])
    #expect(wrong("moved: {map.a: program.fw/filter}\n") == ["invalid-move 7:16"])
    #expect(
      wrong("moved: {map.a: map.fw/flows, map.b: map.fw/flows}\n") == ["duplicate-move 7:37"])
    #expect(wrong("forget: [map.fw/flows]\n") == ["forgotten-and-declared 7:10"])
  }
}
