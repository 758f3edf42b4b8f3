import BPFObject
import Planning
import Testing

@testable import bpfapply

@Suite struct ShowRenderingTests {
  static var state: ObservedState {
    var state = ObservedState(
      host: HostFacts(
        bootID: "b", kernelRelease: "6.18.0", possibleCPUs: 2, tagAlgorithm: .sha256,
        bpffsDevice: 30))
    func map(_ id: UInt32, _ name: String, _ type: MapType = .hash) -> ObservedMap {
      ObservedMap(id: id, name: name, type: type, keySize: 4, valueSize: 8, maxEntries: 1024)
    }
    state.maps = [
      map(11, "blocklist", .lpmTrie), map(12, "bpfapply.meta", .array),
      map(13, "inventory", .array),
      map(14, "cilium_lxc"), map(15, "lost"), map(16, "shared"),
    ]
    let metadata = ProgramMetadata(
      owner: "edge-firewall", object: "fw", digest: "d", bpffsDevice: 0)
    state.programs = [
      ObservedProgram(
        id: 21, name: "xdp_filter", type: .xdp, tag: "a04f5eef06a7f555", mapIDs: [11, 12, 16],
        metadata: metadata),
      ObservedProgram(
        id: 22, name: "cil_from_netdev", type: .schedCls, tag: "1111111111111111",
        mapIDs: [14, 16], userID: 1000),
      ObservedProgram(
        id: 23, name: "old_filter", type: .xdp, tag: "2222222222222222",
        metadata: ProgramMetadata(owner: "gone", object: "fw", digest: "e", bpffsDevice: 0)),
    ]
    state.links = [
      ObservedLink(
        id: 31, type: .xdp, programID: 21, target: .interface(index: 2, attachType: nil)),
      ObservedLink(
        id: 32, type: .tcx, programID: 22, target: .interface(index: 0, attachType: .tcxIngress)),
      ObservedLink(
        id: 33, type: .cgroup, programID: 22, target: .cgroup(id: 77, attachType: .cgroupDevice)),
    ]
    let root = "/sys/fs/bpf/bpfapply/edge-firewall"
    state.pins = [
      ObservedPin(path: "\(root)/inventory", kind: .map, id: 13),
      ObservedPin(path: "\(root)/maps/fw/blocklist", kind: .map, id: 11),
      ObservedPin(path: "/sys/fs/bpf/shared/blocklist", kind: .map, id: 11),
      ObservedPin(path: "/sys/fs/bpf/tc/globals/cilium_lxc", kind: .map, id: 14),
    ]
    state.interfaces = [ObservedInterface(name: InterfaceName(name: "eth0"), index: 2)]
    return state
  }

  static var inventory: Inventory {
    var inventory = Inventory(
      owner: "edge-firewall", manifestPath: "manifest.yaml", manifestDigest: "")
    inventory.time = 1_790_000_000
    func applied(_ id: UInt32) -> InventoryResource {
      InventoryResource(current: AppliedResource(spec: Spec(), id: id))
    }
    inventory.resources = [
      .map("fw/blocklist"): applied(11), .program("fw/xdp_filter"): applied(21),
      .attachment("uplink", instance: "eth0"): applied(31),
      .attachment("uplink", instance: "eth1"): applied(99), .pin("shared-blocklist"): applied(11),
    ]
    return inventory
  }

  static var holdings: Holdings { Holdings(state, inventories: [inventory]) }

  @Test func text() throws {
    try expectGolden(ShowText(Self.holdings).render(), "show.txt")
  }

  @Test func json() throws {
    try expectGolden(ShowJSON(Self.holdings).render(), "show.json")
  }

  @Test func everyObjectIsListedOnce() {
    let holdings = Self.holdings
    let items = holdings.owners.flatMap(\.items) + holdings.foreign + holdings.orphaned
    #expect(items.count == 6 + 3 + 3)
    #expect(Set(items.map(\.id)).count == items.count)
  }

  @Test func nothingAtAll() {
    let empty = Holdings(ObservedState(host: Self.state.host), inventories: [])
    #expect(ShowText(empty).render() == "There are no BPF objects.\n")
  }
}
