import BPFObject
import FakeKernel
import Planning

/// A manifest with one of everything, and the ways in which it changes.
struct Edge {
  static let owner = "edge"
  static let root = "\(FakeKernel.mount)/bpfapply/edge"
  static let eth0 = InterfaceName(name: "eth0")

  /// What the programs return: another number is another program.
  var version: Int32 = 1
  var blocklistSize: UInt32 = 16
  var blocked: [UInt64: UInt64] = [1: 1, 2: 1]
  var mode = XDPMode.native
  var pinMode: UInt32 = 0o640
  var hasExtras = true
  var limit: UInt8 = 9
  /// A map of counters that programs write to, and that is migrated; 0 = none. From 32 on its values
  /// have a second field.
  var tableSize: UInt32 = 0
  /// Programs have tests, which pass.
  var hasTests = false

  static func kernel() -> FakeKernel {
    let kernel = FakeKernel()
    kernel.addInterface("eth0")
    kernel.addInterface("eth1")
    kernel.addCgroup("/sys/fs/cgroup/web")
    for fields in 1...2 { kernel.layouts["table", default: [:]][fields * 8] = tableValue(fields) }
    return kernel
  }

  var desired: DesiredState {
    var state = DesiredState(
      owner: Edge.owner, root: Edge.root, manifestPath: "edge.yaml", manifestDigest: "\(version)")
    state.objects["fw"] = DesiredObject(
      name: "fw", path: "fw.bpf.o", fileDigest: "file-\(version)",
      btf: [UInt8](repeating: 0, count: 32))
    state.maps = maps
    state.programs = programs
    state.attachments = attachments
    if hasExtras {
      state.pins = [
        DesiredPin(
          name: "shared", target: .map("fw/blocklist"),
          pin: PinSpec(
            path: "\(FakeKernel.mount)/shared/edge/blocklist", mode: pinMode, group: 7)),
        DesiredPin(
          name: "link", target: .attachment("uplink", instance: "eth0"),
          pin: PinSpec(path: "\(FakeKernel.mount)/shared/uplink")),
      ]
    }
    return state
  }

  private var maps: [DesiredMap] {
    var blocklist = map(
      "fw/blocklist",
      MapSpec(
        name: "blocklist", type: .hash, keySize: 4, valueSize: 8, maxEntries: blocklistSize))
    blocklist.keyLayout = .integer(size: 4, signed: false, bigEndian: false)
    blocklist.valueLayout = .integer(size: 8, signed: false, bigEndian: false)
    blocklist.entries = DesiredEntries(
      policy: .exact, table: Fixture.table(keySize: 4, valueSize: 8, blocked))
    blocklist.onReplace = .recreate

    var data = MapSpec(
      name: ".rodata", kernelName: "fw.rodata", type: .array, keySize: 4, valueSize: 4,
      maxEntries: 1, flags: 1 << 7)
    data.data = DataSection(kind: .rodata, contents: [limit, 0, 0, 0])
    var rodata = map("fw/.rodata", data)
    rodata.entries = DesiredEntries(
      policy: .exact, table: Fixture.table(keySize: 4, valueSize: 4, [0: UInt64(limit)]))
    rodata.onReplace = .recreate

    var jumps = map(
      "fw/jumps",
      MapSpec(name: "jumps", type: .progArray, keySize: 4, valueSize: 4, maxEntries: 4))
    jumps.entries = DesiredEntries(
      policy: .exact, table: Fixture.table(keySize: 4, valueSize: 4, [0: 0]),
      references: [Fixture.bytes(0, 4): [.program("fw/tail", offset: 0)]])
    jumps.onReplace = .recreate

    var ports = map(
      "ports", MapSpec(name: "ports", type: .devmap, keySize: 4, valueSize: 8, maxEntries: 8))
    ports.entries = DesiredEntries(
      policy: .exact, table: Fixture.table(keySize: 4, valueSize: 8, [0: 2, 1: 3]),
      references: [Fixture.bytes(0, 4): [.program("fw/egress", offset: 4)]])
    ports.onReplace = .recreate

    let flows = map(
      "flows",
      MapSpec(name: "flows", type: .lruHash, keySize: 8, valueSize: 16, maxEntries: 64))
    var all = [blocklist, rodata, jumps, ports] + (hasExtras ? [flows] : [])
    if tableSize > 0 {
      let fields = tableSize < 32 ? 1 : 2
      var table = map(
        "fw/table",
        MapSpec(
          name: "table", type: .hash, keySize: 4, valueSize: UInt32(fields * 8),
          maxEntries: tableSize))
      table.valueLayout = Edge.tableValue(fields)
      table.onReplace = .migrate
      table.sums = ["packets"]
      all.append(table)
    }
    return all
  }

  private static func tableValue(_ fields: Int) -> Layout {
    let number = Layout.integer(size: 8, signed: false, bigEndian: false)
    return .record(
      size: fields * 8,
      fields: ["packets", "bytes"].prefix(fields).enumerated().map {
        Layout.Field(name: $0.element, bitOffset: $0.offset * 64, layout: number)
      }, union: false)
  }

  private func map(_ ref: String, _ spec: MapSpec) -> DesiredMap {
    var map = DesiredMap(
      ref: ref, map: spec, pin: PinSpec(path: PinPath.path(of: .map(ref), root: Edge.root)))
    if ref.hasPrefix("fw/") { map.object = "fw" }
    return map
  }

  private var programs: [DesiredProgram] {
    var egress = Fixture.image("egress", returning: version)
    egress.expectedAttachType = .xdpDevmap
    var maps = ["blocklist", ".rodata", "jumps"]
    if tableSize > 0 { maps.append("table") }
    let filter = Fixture.image("filter", returning: version, maps: maps)
    let bindings = Dictionary(uniqueKeysWithValues: maps.map { ($0, "fw/\($0)") })
    return [
      program(filter, bindings: bindings),
      program(Fixture.image("tail", returning: version)),
      program(egress),
      program(
        Fixture.image("ingress", type: .schedCls, returning: version, maps: ["blocklist"]),
        bindings: ["blocklist": "fw/blocklist"]),
      program(Fixture.image("out", type: .cgroupSkb, returning: version)),
      program(Fixture.image("trace", type: .tracepoint, returning: version)),
    ]
  }

  private func program(_ image: ProgramImage, bindings: [String: String] = [:]) -> DesiredProgram {
    let ref = "fw/\(image.name)"
    var program = DesiredProgram(
      ref: ref, object: "fw", image: image, bindings: bindings,
      pin: PinSpec(path: PinPath.path(of: .program(ref), root: Edge.root)),
      digest: "\(image.name)-\(version)")
    if hasTests, TestRunSupport.obstacle(image.type, image.expectedAttachType) == nil {
      var test = DesiredTest(name: "returns its version")
      test.packet = [UInt8](repeating: 0, count: 60)
      test.expected.returnCode = UInt32(bitPattern: version)
      program.tests = [test]
    }
    return program
  }

  private var attachments: [DesiredAttachment] {
    var all = [
      attachment("uplink", "eth0", "filter", .xdp(interface: Edge.eth0, mode: mode)),
      attachment(
        "egress", "/web", "out",
        .cgroup(
          path: "/sys/fs/cgroup/web", attachType: .cgroupInetEgress)),
      attachment("switches", nil, "trace", .tracepoint(category: "sched", name: "sched_switch")),
    ]
    if hasExtras {
      all.append(
        attachment(
          "ingress", "eth0", "ingress", .tcx(interface: Edge.eth0, attachType: .tcxIngress)))
    }
    return all
  }

  private func attachment(_ name: String, _ instance: String?, _ program: String, _ hook: Hook)
    -> DesiredAttachment
  {
    var attachment = DesiredAttachment(
      name: name, instance: instance, program: "fw/\(program)", hook: hook,
      pin: PinSpec(
        path: PinPath.path(of: .attachment(name, instance: instance), root: Edge.root)))
    attachment.allowGap = true
    return attachment
  }
}
