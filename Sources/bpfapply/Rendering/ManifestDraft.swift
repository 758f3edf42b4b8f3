import BPFObject
import Manifest

/// A manifest for an object file: valid as it stands, with what it takes to go on as comments.
///
/// Nothing is in it that the manifest's own reader does not accept: each resource is tried, and one
/// that is refused becomes a comment with the reason.
struct ManifestDraft {
  let inspection: Inspection
  /// What is wrong with a manifest; nil when nothing is.
  let problem: (String) -> String?
  let name: String

  init(_ inspection: Inspection, problem: @escaping (String) -> String?) {
    self.inspection = inspection
    self.problem = problem
    name = ManifestDraft.name(of: inspection.path)
  }

  /// The file's name up to its first dot, as a NAME.
  static func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    var name = ""
    for character in file.prefix(while: { $0 != "." }).unicodeScalars {
      let isFit = character.isASCII && ScalarText.isName("a" + String(character))
      name += isFit ? String(character) : "_"
    }
    if !ScalarText.isName(name) { name = "_" + name }
    return String(name.prefix(64))
  }

  func render() -> String {
    var lines = head
    lines += section("maps", maps)
    let programs = self.programs
    lines += section("programs", programs)
    lines += section("attachments", attachments(of: programs))
    lines += section("pins", pins)
    return lines.joined(separator: "\n") + "\n"
  }

  private var head: [String] {
    var lines = [
      "# Made by `bpfapply init` from \(comment(inspection.path)).",
      "apiVersion: bpfapply/v1", "name: \(name)", "", "objects:", "  \(name):",
      "    file: \(file)",
    ]
    let globals = self.globals
    if !globals.isEmpty {
      lines.append("    # globals:  # what the object has for them")
      lines += globals.map { "    #   \($0)" }
    }
    return lines
  }

  /// The path as a YAML scalar in which nothing is substituted.
  private var file: String {
    Value.scalar(inspection.path.replacing("${", with: "$${"), plain: false).description
  }

  private var globals: [String] {
    let object = inspection.object
    return object.maps.filter { $0.data.map { $0.kind != .kconfig } ?? false }.flatMap { section in
      object.described(section).compactMap { variable, layout in
        guard let layout, !variable.isStatic, ScalarText.isName(variable.name) else { return nil }
        let value = layout.decode(object.contents(of: variable)).text(limit: 200)
        return "\(variable.name): \(comment(value))"
      }
    }
  }

  // MARK: Resources

  /// A resource that the manifest's reader takes, or a comment.
  struct Item {
    var lines: [String]
    /// Why it is a comment; nil when it is not one.
    var reason: String?
  }

  private func section(_ title: String, _ items: [Item]) -> [String] {
    guard !items.isEmpty else { return [] }
    let isEmpty = items.allSatisfy { $0.reason != nil }
    var lines = ["", isEmpty ? "# \(title):" : "\(title):"]
    for item in items {
      if let reason = item.reason {
        if !reason.isEmpty { lines.append("  # \(comment(reason)):") }
        lines += item.lines.map { "  # \($0)" }
      } else {
        lines += item.lines.map { "  \($0)" }
      }
    }
    return lines
  }

  /// Items that the reader refuses become comments; all are tried at once before each alone.
  private func tried(_ title: String, _ items: [Item]) -> [Item] {
    let candidates = items.filter { $0.reason == nil }
    guard !candidates.isEmpty, problem(text(title, candidates)) != nil else { return items }
    return items.map { item in
      guard item.reason == nil else { return item }
      return Item(lines: item.lines, reason: problem(text(title, [item])))
    }
  }

  private func text(_ title: String, _ items: [Item]) -> String {
    let lines =
      ["apiVersion: bpfapply/v1", "name: \(name)", "objects:", "  \(name):", "    file: \(file)"]
      + ["\(title):"] + items.flatMap { $0.lines.map { "  \($0)" } }
    return lines.joined(separator: "\n") + "\n"
  }

  private var maps: [Item] {
    let items = inspection.object.maps.map { map in
      let note = [map.type.description, map.data == nil ? "max_entries \(map.maxEntries)" : nil]
        .compactMap { $0 }.joined(separator: ", ")
      guard ScalarText.isObjectName(map.name) else {
        return Item(lines: [comment(map.name)], reason: "its name cannot stand in a manifest")
      }
      return Item(
        lines: ["\(name)/\(map.name): {}  # \(note)"],
        reason: map.autocreate ? nil : "its section asks not to be made by itself")
    }
    return tried("maps", items)
  }

  private var programs: [Item] {
    let items = inspection.programs.map { item in
      let program = item.program
      guard ScalarText.isObjectName(program.name) else {
        return Item(lines: [comment(program.name)], reason: "its name cannot stand in a manifest")
      }
      let line = "\(name)/\(program.name): {}  # \(comment(Inspection.section(program)))"
      guard program.autoload else {
        return Item(lines: [line], reason: "its section asks not to be loaded by itself")
      }
      if program.type == .structOps, isOptional(program) {
        return Item(lines: [line], reason: "only maps use it that are made when asked for")
      }
      if program.type == .ext {
        return Item(
          lines: ["\(name)/\(program.name): {attach_to: program.CHANGE_ME}"],
          reason: "whose function it replaces has to be said")
      }
      if program.type == .unspecified {
        return Item(
          lines: ["\(name)/\(program.name): {type: CHANGE_ME}"],
          reason: "its section \(program.section.text) does not say the type")
      }
      return Item(lines: [line], reason: nil)
    }
    return tried("programs", items)
  }

  private func attachments(of listed: [Item]) -> [Item] {
    let items = zip(inspection.programs, listed).compactMap { item, listed -> Item? in
      let program = item.program
      guard ScalarText.isName(program.name), program.type != .unspecified else { return nil }
      var lines = ["\(program.name):", "  program: \(name)/\(program.name)"]
      let hook = HookDraft(program)
      if let block = hook.block { lines.append("  \(block)") }
      // A program that is only loaded on request is attached on request.
      if listed.reason != nil || hook.needsDecision { return Item(lines: lines, reason: "") }
      return hook.isAttachable ? Item(lines: lines, reason: nil) : nil
    }
    return tried("attachments", items + operations)
  }

  /// Maps of struct_ops are attached themselves.
  private var operations: [Item] {
    inspection.object.maps.filter { $0.structOps != nil && ScalarText.isName($0.name) }.map { map in
      let lines = ["\(map.name): {struct_ops: {map: \(name)/\(map.name)}}"]
      let isLinked = map.flags & StructOps.linkFlag != 0
      return Item(
        lines: lines,
        reason: !map.autocreate
          ? ""
          : isLinked ? nil : "with map_flags: [link] on the map, Linux 6.4 registers it by a link")
    }
  }

  /// Whether nothing but maps that are not made by themselves is set to a struct_ops program.
  private func isOptional(_ program: ProgramSpec) -> Bool {
    let users = inspection.object.maps.filter {
      $0.structOps?.programs.values.contains(program.name) == true
    }
    return !users.isEmpty && users.allSatisfy { !$0.autocreate }
  }

  /// Where others look for maps that say LIBBPF_PIN_BY_NAME.
  private var pins: [Item] {
    let items = inspection.object.maps.filter { $0.pinByName && ScalarText.isName($0.name) }.map {
      Item(
        lines: ["\($0.name): {map: \(name)/\($0.name), path: /sys/fs/bpf/\($0.name)}"], reason: nil)
    }
    return tried("pins", items)
  }

  /// Text in a comment, which ends with its line.
  private func comment(_ text: String) -> String { visible(text) }
}

/// How a program would be attached, as far as its section says.
struct HookDraft {
  /// The hook block; nil where the section says it all.
  var block: String?
  /// Something is to be filled in.
  var needsDecision = false
  /// It has a hook of its own; others are run by maps or by name.
  var isAttachable = true

  init(_ program: ProgramSpec) {
    switch program.type {
    case .xdp where program.expectedAttachType == .xdp:
      decide("xdp: {interface: CHANGE_ME}")
    case .schedCls:
      switch program.expectedAttachType {
      case .netkitPrimary?, .netkitPeer?: decide("netkit: {interface: CHANGE_ME}")
      case nil: decide("tcx: {interface: CHANGE_ME, direction: ingress}")
      default: decide("tcx: {interface: CHANGE_ME}")
      }
    case .cgroupSkb where program.expectedAttachType == nil:
      decide("cgroup: {path: /CHANGE_ME, attach_type: cgroup_inet_ingress}")
    case .cgroupSkb, .cgroupSock, .cgroupSockAddr, .cgroupSockopt, .cgroupSysctl, .cgroupDevice,
      .sockOps:
      decide("cgroup: {path: /CHANGE_ME}")
    case .lsm where program.expectedAttachType == .lsmCgroup: decide("cgroup: {path: /CHANGE_ME}")
    case .netfilter: decide("netfilter: {pf: ipv4, hook: CHANGE_ME}")
    case .skLookup: decide("sk_lookup: {netns: own}")
    case .flowDissector: decide("flow_dissector: {netns: own}")
    case .perfEvent: decide("perf_event: {type: software, config: cpu-clock, freq: 99}")
    case .skSkb: decide("sk_skb: {map: CHANGE_ME}")
    case .skMsg: decide("sk_msg: {map: CHANGE_ME}")
    case .lircMode2: decide("lirc: {device: CHANGE_ME}")
    case .tracepoint where program.attachTarget == nil:
      decide("tracepoint: {name: \"CHANGE:ME\"}")
    case .rawTracepoint where program.attachTarget == nil,
      .rawTracepointWritable where program.attachTarget == nil:
      decide("raw_tracepoint: {name: CHANGE_ME}")
    case .kprobe where program.attachTarget == nil:
      switch program.section.targetKind {
      case .kernelFunctions: decide("kprobe_multi: {functions: CHANGE_ME}")
      case .userFunctions: decide("uprobe_multi: {path: CHANGE_ME, functions: CHANGE_ME}")
      case .usdt: decide("usdt: {path: CHANGE_ME, provider: CHANGE_ME, name: CHANGE_ME}")
      default: needsDecision = true
      }
    case .tracing where program.attachTarget == nil, .lsm where program.attachTarget == nil,
      .ext where program.attachTarget == nil:
      needsDecision = true
    case .tracing where program.expectedAttachType == .traceIter:
      switch program.attachTarget {
      case "bpf_map_elem"?, "bpf_sk_storage_map"?, "sockmap"?: decide("iter: {map: CHANGE_ME}")
      case "cgroup"?: decide("iter: {cgroup: /CHANGE_ME}")
      default: break
      }
    case .tracepoint, .rawTracepoint, .rawTracepointWritable, .tracing, .lsm, .ext, .kprobe: break
    default: isAttachable = false
    }
  }

  private mutating func decide(_ block: String) {
    self.block = block
    needsDecision = true
  }
}
