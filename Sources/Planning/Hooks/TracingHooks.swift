internal import BPFObject

/// A tracepoint, by a perf event.
struct TracepointHook: HookFamily {
  var category: String
  var name: String

  var spec: Spec { Spec(["hook": "tracepoint", "name": .text("\(category):\(name)")]) }

  static func hook(from spec: Spec) -> Hook? {
    let parts = (spec.text("name") ?? "").split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return nil }
    return .tracepoint(category: parts[0], name: parts[1])
  }

  var phrase: String { "tracepoint \(category):\(name)" }
  var kind: HookKind { HookKind(linkTypes: [.perfEvent]) }
  var needs: [KernelFeature] { [.perfEventLinks] }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    case .tracepoint(let found): found == name || found == "\(category):\(name)"
    case .other: true
    default: false
    }
  }
}

/// A tracepoint with its raw arguments.
struct RawTracepointHook: HookFamily {
  var name: String

  var spec: Spec { Spec(["hook": "raw_tracepoint", "name": .text(name)]) }

  static func hook(from spec: Spec) -> Hook? { spec.text("name").map { .rawTracepoint(name: $0) } }

  var phrase: String { "raw tracepoint \(name)" }
  var kind: HookKind { HookKind(linkTypes: [.rawTracepoint]) }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    case .rawTracepoint(let found): found == name
    case .other: true
    default: false
    }
  }
}

/// What the program itself was loaded for: tp_btf, fentry, fexit, fmod_ret, lsm.
struct TracingHook: HookFamily {
  var attachType: AttachType
  var target: String

  var spec: Spec {
    Spec([
      "hook": "tracing", "attach_type": .text(attachType.description), "target": .text(target),
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let attachType = spec.text("attach_type").flatMap({ AttachType(name: $0) }),
      let target = spec.text("target")
    else { return nil }
    return .tracing(attachType: attachType, target: target)
  }

  var phrase: String { "\(attachType) of \(target)" }
  var kind: HookKind {
    HookKind(linkTypes: [.tracing, .rawTracepoint], usesTrampoline: attachType != .traceRawTp)
  }
  var needs: [KernelFeature] {
    attachType == .lsmMac ? [.kernelTypes, .lsm] : [.kernelTypes]
  }
  var capability: String? { "CAP_PERFMON" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    // Kernels that show a tp_btf link as a raw tracepoint's; the type may prefix the name.
    case .rawTracepoint(let found): found == target || found.hasSuffix(target)
    case .tracing(let found, _, _): found == attachType
    case .other: true
    default: false
    }
  }
}

/// Operations of the kernel that a map of the manifest implements.
struct StructOpsHook: HookFamily {
  /// A REF.
  var map: String
  var structure: String

  var spec: Spec {
    Spec(["hook": .text(Hook.structOpsName), "map": .text(map), "structure": .text(structure)])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let map = spec.text("map"), let structure = spec.text("structure") else { return nil }
    return .structOps(map: map, structure: structure)
  }

  var phrase: String { "struct_ops \(structure)" }
  var kind: HookKind {
    // Of the kernel's structures this one can be updated.
    HookKind(
      linkTypes: [.structOps], updatesInPlace: structure == "tcp_congestion_ops", holdsOne: true,
      refusesSameProgramTwice: true)
  }
  var needs: [KernelFeature] { [.structOpsLinks] }
  /// Whoever could load its programs may register it.
  var capability: String? { nil }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    if case .map = link.target { link.type == .structOps } else { false }
  }
}
