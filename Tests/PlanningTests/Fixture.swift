import BPFObject

@testable import Planning

/// The manifest of most cases: an XDP program with a configuration, a blocklist and counters, its
/// link, and a pin for others.
enum Fixture {
  static let root = "/sys/fs/bpf/bpfapply/edge"

  static func empty() -> DesiredState {
    DesiredState(owner: "edge", root: root, manifestPath: "edge.yaml", manifestDigest: "m1")
  }

  static func firewall() -> DesiredState {
    var state = empty()
    state.objects["fw"] = DesiredObject(name: "fw", path: "fw.bpf.o", fileDigest: "f1", btf: [])
    state.maps = [rodata(7), blocklist(), map("flows", .lruHash, key: 4, value: 8, count: 64)]
    state.programs = [
      program(
        "fw/filter", code: 1,
        maps: [".rodata": "fw/.rodata", "blocklist": "fw/blocklist", "flows": "flows"])
    ]
    state.attachments = [xdp()]
    state.pins = [
      DesiredPin(
        name: "shared", target: .map("fw/blocklist"),
        pin: PinSpec(path: "/sys/fs/bpf/shared/blocklist", mode: 0o640, group: 5))
    ]
    return state
  }

  static func map(
    _ ref: String, _ type: MapType, key: UInt32, value: UInt32, count: UInt32,
    onReplace: DesiredMap.OnReplace = .refuse
  ) -> DesiredMap {
    let name = ref.split(separator: "/").last.map(String.init) ?? ref
    var map = DesiredMap(
      ref: ref,
      map: MapSpec(
        name: name, type: type, keySize: key, valueSize: value, maxEntries: count),
      pin: PinSpec(path: PinPath.path(of: .map(ref), root: root)))
    map.keyLayout = number(key)
    map.valueLayout = number(value)
    map.onReplace = onReplace
    return map
  }

  private static func number(_ size: UInt32) -> Layout? {
    [1, 2, 4, 8].contains(size)
      ? .integer(size: Int(size), signed: false, bigEndian: false) : nil
  }

  static func rodata(_ byte: UInt8) -> DesiredMap {
    var map = map("fw/.rodata", .array, key: 4, value: 4, count: 1, onReplace: .recreate)
    map.map.data = DataSection(kind: .rodata, contents: [byte, 0, 0, 0])
    map.valueLayout = .record(
      size: 4,
      fields: [
        Layout.Field(
          name: "limit", bitOffset: 0, layout: .integer(size: 1, signed: false, bigEndian: false)),
        Layout.Field(name: "strict", bitOffset: 8, layout: .bool),
      ], union: false)
    map.entries = DesiredEntries(policy: .exact, table: table([0: byte]))
    return map
  }

  static func blocklist(
    _ rows: [UInt8: UInt8] = [1: 1, 2: 1], policy: DesiredEntries.Policy = .exact
  ) -> DesiredMap {
    var map = map("fw/blocklist", .hash, key: 4, value: 4, count: 16, onReplace: .recreate)
    map.entries = DesiredEntries(policy: policy, table: table(rows))
    return map
  }

  /// Keys and values of four bytes, of which the first counts.
  static func table(_ rows: [UInt8: UInt8]) -> EntryTable {
    EntryTable(
      keySize: 4, valueSize: 4, keys: rows.keys.sorted().flatMap { [$0, 0, 0, 0] },
      values: rows.keys.sorted().flatMap { [rows[$0]!, 0, 0, 0] })
  }

  static func program(
    _ ref: String, code: Int32, type: ProgramType = .xdp, attachType: AttachType? = .xdp,
    maps: [String: String] = [:]
  ) -> DesiredProgram {
    let name = String(ref.split(separator: "/").last!)
    let image = ProgramImage(
      name: name, section: "xdp", type: type, expectedAttachType: attachType,
      instructions: [
        Instruction(opcode: 0xb7, immediate: code), Instruction(opcode: 0x95),
      ])
    return DesiredProgram(
      ref: ref, object: String(ref.split(separator: "/").first!), image: image, bindings: maps,
      pin: PinSpec(path: PinPath.path(of: .program(ref), root: root)), digest: "code-\(code)")
  }

  static func attachment(
    _ name: String, instance: String? = nil, _ program: String, _ hook: Hook
  ) -> DesiredAttachment {
    DesiredAttachment(
      name: name, instance: instance, program: program, hook: hook,
      pin: PinSpec(
        path: PinPath.path(of: .attachment(name, instance: instance), root: root)))
  }

  static func xdp(mode: XDPMode = .auto) -> DesiredAttachment {
    attachment(
      "uplink", instance: "eth0", "fw/filter",
      .xdp(interface: InterfaceName(name: "eth0"), mode: mode))
  }
}

enum TagPredictionProbe {
  static func tag(of image: ProgramImage) -> String {
    TagPrediction.tag(of: image, algorithm: .sha256) ?? ""
  }
}

/// A host, what is wanted of it, and what the plan says.
struct Scenario {
  var desired: DesiredState
  var kernel = ModelKernel()

  init(_ desired: DesiredState = Fixture.firewall()) {
    self.desired = desired
    kernel.provideHooks(desired)
  }

  /// A host on which the desired state has been applied.
  static func applied(_ desired: DesiredState = Fixture.firewall()) -> Scenario {
    var scenario = Scenario(desired)
    scenario.apply()
    return scenario
  }

  func plan(_ options: PlanOptions = PlanOptions()) -> Plan {
    Planning.plan(desired, kernel.observed, options: options)
  }

  mutating func apply(steps: Int? = nil) {
    kernel.provideHooks(desired)
    kernel.apply(plan(), desired, steps: steps)
  }

  func id(_ address: Address) -> UInt32 {
    kernel.observed.inventory?.resources[address]?.current?.id ?? 0
  }

  func drift(withManifest: Bool = false) -> Plan {
    Planning.drift(
      owner: desired.owner, root: desired.root, kernel.observed,
      manifest: withManifest ? desired : nil)
  }

  mutating func edit(map address: Address, _ change: (inout ObservedMap) -> Void) {
    change(&kernel.observed.maps[kernel.observed.maps.firstIndex { $0.id == id(address) }!])
  }

  mutating func edit(pin path: String, _ change: (inout ObservedPin) -> Void) {
    change(&kernel.observed.pins[kernel.observed.pins.firstIndex { $0.path == path }!])
  }

  mutating func edit(map ref: String, _ change: (inout DesiredMap) -> Void) {
    change(&desired.maps[desired.maps.firstIndex { $0.ref == ref }!])
  }
}
