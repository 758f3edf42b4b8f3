import BPFObject
import Planning

/// Makes desired states for one owner on one host: maps, programs, attachments and pins that come,
/// go and change from one to the next.
struct RandomManifest {
  let owner: String
  let root: String
  /// Two of them.
  let interfaces: [InterfaceName]
  /// Absolute paths, two of them.
  let cgroups: [String]

  func desired<R: RandomNumberGenerator>(_ random: inout R) -> DesiredState {
    var state = DesiredState(
      owner: owner, root: root, manifestPath: "random.yaml",
      manifestDigest: String(random.next(), radix: 16))
    state.objects["fw"] = DesiredObject(
      name: "fw", path: "fw.bpf.o", fileDigest: String(random.next(), radix: 16), btf: [])
    let tails = [1, 2].map { program("tail\($0)", .xdp, &random) }
    var jumps = map("jumps", .progArray, 4, 4, entries: 4)
    jumps.entries = slots(tails.map(\.ref), &random)
    state.maps =
      [jumps, rodata(&random)]
      + [hash(&random), perCPU(&random)].shuffled(using: &random)
      .prefix(Int.random(in: 0...2, using: &random))
    if Bool.random(using: &random) { state.maps.append(array(&random)) }
    if Bool.random(using: &random) {
      state.maps.append(
        map("flows", .lruHash, 4, 8, entries: [64, 128].randomElement(using: &random) ?? 64))
    }
    let own = state.maps.filter { $0.object == nil && $0.ref != "jumps" }.map(\.ref)
    let programs: [(String, ProgramType)] = [
      ("xdp1", .xdp), ("xdp2", .xdp), ("cls1", .schedCls), ("cls2", .schedCls),
      ("egress1", .cgroupSkb), ("egress2", .cgroupSkb),
    ]
    state.programs =
      tails
      + programs.map { program($0.0, $0.1, using: own.randomElement(using: &random), &random) }
    state.attachments = attachments(&random)
    if Bool.random(using: &random), let ref = own.randomElement(using: &random) {
      state.pins = [
        DesiredPin(
          name: "shared", target: .map(ref),
          pin: PinSpec(
            path: "\(root)-shared/map", mode: Bool.random(using: &random) ? 0o640 : 0o600))
      ]
    }
    return state
  }

  // MARK: Maps

  private func map(
    _ name: String, _ type: MapType, _ keySize: UInt32, _ valueSize: UInt32, entries: UInt32
  ) -> DesiredMap {
    var map = DesiredMap(
      ref: name,
      map: MapSpec(
        name: name, type: type, keySize: keySize, valueSize: valueSize, maxEntries: entries),
      pin: PinSpec(path: PinPath.path(of: .map(name), root: root)))
    map.onReplace = .recreate
    return map
  }

  private func hash<R: RandomNumberGenerator>(_ random: inout R) -> DesiredMap {
    var map = map("hash", .hash, 4, 8, entries: Bool.random(using: &random) ? 16 : 32)
    map.entries = rows(
      1...6, of: 8, [.exact, .merge].randomElement(using: &random) ?? .exact, &random)
    return map
  }

  private func perCPU<R: RandomNumberGenerator>(_ random: inout R) -> DesiredMap {
    var map = map("percpu", .percpuHash, 4, 8, entries: 16)
    map.entries = rows(1...4, of: 8, .exact, &random)
    return map
  }

  private func array<R: RandomNumberGenerator>(_ random: inout R) -> DesiredMap {
    var map = map("array", .array, 4, 4, entries: Bool.random(using: &random) ? 4 : 8)
    map.entries = rows(0...3, of: 4, .merge, &random)
    return map
  }

  private func rodata<R: RandomNumberGenerator>(_ random: inout R) -> DesiredMap {
    let value = UInt8.random(in: 1...2, using: &random)
    var map = map("fw/.rodata", .array, 4, 4, entries: 1)
    map.object = "fw"
    map.map.name = ".rodata"
    map.map.kernelName = "fw.rodata"
    map.map.flags = 1 << 7
    map.map.data = DataSection(kind: .rodata, contents: [value, 0, 0, 0])
    map.entries = DesiredEntries(
      policy: .exact, table: Fixture.table(keySize: 4, valueSize: 4, [0: UInt64(value)]))
    return map
  }

  private func rows<R: RandomNumberGenerator>(
    _ keys: ClosedRange<UInt64>, of valueSize: Int, _ policy: DesiredEntries.Policy,
    _ random: inout R
  ) -> DesiredEntries {
    var rows: [UInt64: UInt64] = [:]
    for key in keys where Bool.random(using: &random) {
      rows[key] = UInt64.random(in: 1...2, using: &random)
    }
    return DesiredEntries(
      policy: policy, table: Fixture.table(keySize: 4, valueSize: valueSize, rows))
  }

  private func slots<R: RandomNumberGenerator>(_ refs: [String], _ random: inout R)
    -> DesiredEntries
  {
    var references: [[UInt8]: [EntryReference]] = [:]
    for slot in UInt64(0)..<3 where slot == 0 || Bool.random(using: &random) {
      references[Fixture.bytes(slot, 4)] = refs.randomElement(using: &random)
        .map { [.program($0, offset: 0)] }
    }
    let rows = Dictionary(uniqueKeysWithValues: references.keys.map { (UInt64($0[0]), UInt64(0)) })
    return DesiredEntries(
      policy: .exact, table: Fixture.table(keySize: 4, valueSize: 4, rows), references: references)
  }

  // MARK: Programs and attachments

  private func program<R: RandomNumberGenerator>(
    _ name: String, _ type: ProgramType, using map: String? = nil, _ random: inout R
  ) -> DesiredProgram {
    let version = Int32.random(in: 0...1, using: &random)
    var maps = map.map { [$0] } ?? []
    if name.hasPrefix("xdp") { maps += [".rodata", "jumps"] }
    let image = Fixture.image(name, type: type, returning: version, maps: maps)
    return DesiredProgram(
      ref: "fw/\(name)", object: "fw", image: image,
      bindings: Dictionary(
        uniqueKeysWithValues: maps.map { ($0, $0 == ".rodata" ? "fw/.rodata" : $0) }),
      pin: PinSpec(path: PinPath.path(of: .program("fw/\(name)"), root: root)),
      digest: "\(name)-\(version)-\(map ?? "")")
  }

  private func attachments<R: RandomNumberGenerator>(_ random: inout R) -> [DesiredAttachment] {
    var all: [DesiredAttachment] = []
    for interface in interfaces {
      func add(_ name: String, _ programs: [String], _ hook: Hook, _ random: inout R) {
        guard Bool.random(using: &random), let program = programs.randomElement(using: &random)
        else { return }
        all.append(attachment(name, interface.name, program, hook))
      }
      add("uplink", ["xdp1", "xdp2"], .xdp(interface: interface, mode: .generic), &random)
      add("in1", ["cls1"], .tcx(interface: interface, attachType: .tcxIngress), &random)
      add("in2", ["cls2"], .tcx(interface: interface, attachType: .tcxIngress), &random)
      let priority = Self.priorities.randomElement(using: &random) ?? 7
      add("filter", ["cls1", "cls2"], Self.filter(interface, priority), &random)
      add("out", ["cls1", "cls2"], .tcx(interface: interface, attachType: .tcxEgress), &random)
    }
    for (number, cgroup) in cgroups.enumerated() where Bool.random(using: &random) {
      let program = Bool.random(using: &random) ? "egress1" : "egress2"
      all.append(
        attachment(
          "egress", "cgroup\(number)", program,
          .cgroup(path: cgroup, attachType: .cgroupInetEgress)))
    }
    return all
  }

  /// Three: an intent names two places of a filter, and more applies than two can be killed.
  static let priorities: [UInt16] = [7, 8, 9]

  static func filter(_ interface: InterfaceName, _ priority: UInt16) -> Hook {
    .filter(FilterHook(at: interface, isEgress: false, priority: priority, handle: 1))
  }

  private func attachment(_ name: String, _ instance: String, _ program: String, _ hook: Hook)
    -> DesiredAttachment
  {
    var attachment = DesiredAttachment(
      name: name, instance: instance, program: "fw/\(program)", hook: hook,
      pin: PinSpec(path: PinPath.path(of: .attachment(name, instance: instance), root: root)))
    attachment.allowGap = true
    return attachment
  }
}
