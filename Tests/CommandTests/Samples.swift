import BPFObject
import Planning

@testable import bpfapply

/// Plans made by hand, with something of everything that a view has to show.
enum Samples {
  static func field(
    _ name: String, _ before: SpecValue?, _ after: SpecValue?, _ cause: Cause = .config,
    forces: Bool = false
  ) -> FieldDifference {
    FieldDifference(
      field: name, before: before, after: after, cause: cause, forcesReplacement: forces)
  }

  static let number = Layout.integer(size: 4, signed: false, bigEndian: false)
  static let network = Layout.prefixLayout(key: .bytes(8))

  static func entry(_ key: [UInt8], _ before: [UInt8]?, _ after: [UInt8]?) -> EntryChange {
    EntryChange(key: key, before: before, after: after)
  }

  static func bytes(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  static var creation: ResourceChange {
    var change = ResourceChange(address: .map("fw/stats"), action: .create)
    change.reason = "it does not exist"
    change.cause = .config
    change.fields = [
      field("type", nil, "percpu_array"), field("max_entries", nil, 4),
      field("map_flags", nil, .list(["no_prealloc", "rdonly_prog"])),
      field("pin.mode", nil, .number(0o600)),
      field("pin.path", nil, "/sys/fs/bpf/bpfapply/edge-firewall/maps/fw/stats"),
      field(
        "entries.digest", nil, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ]
    let traffic = Layout.record(
      size: 4, fields: [Layout.Field(name: "packets", bitOffset: 0, layout: number)], union: false)
    change.entries = EntryChanges(
      (0..<1000).map { entry(bytes($0), nil, bytes($0)) }, omitted: 7,
      notation: EntryNotation(key: number, value: traffic, valueSize: 4))
    change.location = SourceLocation(file: "manifest.yaml", line: 12, column: 3, length: 8)
    return change
  }

  static var replacement: ResourceChange {
    var change = ResourceChange(address: .map("fw/blocklist"), action: .replace)
    change.reason = "max_entries cannot be changed in place"
    change.cause = .both
    change.fields = [
      field("max_entries", 1000, 100000, forces: true),
      field("pin.mode", .number(0o777), .number(0o640), .drift), field("map_extra", 1, nil, .both),
    ]
    change.entries = EntryChanges(
      [
        entry(bytes(8) + [10, 0, 0, 0], bytes(1), bytes(2)),
        entry(bytes(12) + [172, 16, 0, 0], nil, bytes(1)),
        entry(bytes(16) + [192, 168, 0, 0], bytes(1), nil),
      ], notation: EntryNotation(key: network, value: number, valueSize: 4))
    change.consequences = ["its 3 entries are lost and written anew"]
    change.liveID = 17
    return change
  }

  static var gap: ResourceChange {
    var change = ResourceChange(
      address: .attachment("uplink", instance: "eth0"), action: .replace)
    change.reason = "the XDP mode of a live link cannot be changed"
    change.cause = .config
    change.fields = [field("mode", "generic", "native", forces: true)]
    change.leavesGap = true
    change.consequences = ["the hook is empty for a moment"]
    change.blocks = [
      Block(
        code: "gap-not-allowed", message: "the hook would be empty for a moment",
        hints: ["allow_gap: true on the attachment accepts it"])
    ]
    change.liveID = 3
    return change
  }

  static var update: ResourceChange {
    var change = ResourceChange(address: .program("fw/xdp_filter"), action: .update)
    change.reason = "its code changed"
    change.cause = .config
    change.fields = [
      field(
        "digest", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
    ]
    change.liveID = 40
    return change
  }

  static var repair: ResourceChange {
    var change = ResourceChange(address: .attachment("ingress", instance: "eth1"), action: .create)
    change.reason = "its link was detached"
    change.cause = .drift
    change.fields = [field("hook", nil, "tcx", .drift), field("interface", nil, "eth1", .drift)]
    return change
  }

  static var deletion: ResourceChange {
    var change = ResourceChange(address: .pin("shared"), action: .delete)
    change.reason = "it is no longer in the manifest"
    change.cause = .config
    change.fields = [field("pin.path", "/sys/fs/bpf/shared/block\u{1B}[2Jlist", nil)]
    change.liveID = 17
    return change
  }

  static var unchanged: ResourceChange {
    ResourceChange(address: .map("flows"), action: .unchanged)
  }

  static var plan: Plan {
    var plan = Plan(owner: "edge-firewall")
    plan.changes = [replacement, creation, unchanged, update, repair, gap, deletion]
    plan.steps = [
      .createMap(ref: "fw/blocklist"), .loadProgram(ref: "fw/xdp_filter"), .writeIntent,
      .updateLink(.attachment("uplink", instance: "eth0"), link: 3, expectedProgram: 40),
      .removePin(.pin("shared"), path: "/sys/fs/bpf/shared/blocklist"), .writeFinal,
    ]
    plan.notes = [
      Note(
        code: "foreign-program", address: .attachment("ingress", instance: "eth1"),
        message: "program 9 (cilium_from_netdev) stands on the same hook"),
      Note(code: "leftovers", message: "an interrupted apply left 2 pins"),
    ]
    plan.limitations = ["programs cannot be enumerated without CAP_SYS_ADMIN"]
    plan.fingerprint = "plan:5d41402abc4b2a76"
    return plan
  }

  static var view: PlanView {
    PlanView(
      plan: plan, manifestPath: "manifest.yaml",
      manifestDigest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  static var emptyView: PlanView {
    var plan = Plan(owner: "edge-firewall")
    plan.changes = [unchanged]
    plan.fingerprint = "plan:7d793037a0760186"
    return PlanView(plan: plan, manifestPath: "manifest.yaml")
  }
}
