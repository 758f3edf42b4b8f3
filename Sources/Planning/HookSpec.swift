internal import BPFObject

extension Hook {
  /// The hook's part of an attachment's canonical spec; `Hook(spec:)` reads it back.
  public var spec: Spec {
    switch self {
    case .xdp(let interface, let mode):
      Spec([
        "hook": "xdp", "interface": .text(interface.name), "netns": interface.namespace.specValue,
        "mode": .text(mode.rawValue),
      ])
    case .tcx(let interface, let attachType):
      Spec([
        "hook": "tcx", "interface": .text(interface.name), "netns": interface.namespace.specValue,
        "direction": attachType == .tcxEgress ? "egress" : "ingress",
      ])
    case .cgroup(let path, let attachType):
      Spec(["hook": "cgroup", "path": .text(path), "attach_type": .text(attachType.description)])
    case .networkNamespace(let namespace, let attachType):
      Spec(["hook": .text(attachType.description), "netns": namespace.specValue])
    case .netfilter(let place, let namespace):
      Spec([
        "hook": "netfilter", "netns": namespace.specValue,
        "pf": .number(UInt64(place.protocolFamily)), "hook_number": .number(UInt64(place.hook)),
        // Signed, which a spec's numbers are not.
        "priority": .text(String(place.priority)), "defrag": .bool(place.defragment),
      ])
    case .tracepoint(let category, let name):
      Spec(["hook": "tracepoint", "name": .text("\(category):\(name)")])
    case .rawTracepoint(let name): Spec(["hook": "raw_tracepoint", "name": .text(name)])
    case .kernelProbe(let probe): probe.spec
    case .userProbe(let probe): probe.spec
    case .tracing(let attachType, let target):
      Spec([
        "hook": "tracing", "attach_type": .text(attachType.description), "target": .text(target),
      ])
    case .structOps(let map, let structure):
      Spec(["hook": .text(Hook.structOpsName), "map": .text(map), "structure": .text(structure)])
    }
  }

  public static let structOpsName = "struct_ops"

  static let fieldNames: Set<String> = [
    "hook", "interface", "netns", "mode", "direction", "path", "attach_type", "pf", "hook_number",
    "priority", "defrag", "name", "target", "structure", "map", "function", "syscall", "offset",
    "return", "pid",
  ]

  /// The hook that a canonical spec describes; nil when it describes none.
  public init?(spec: Spec) {
    func text(_ name: String) -> String? {
      if case .text(let value) = spec[name] { value } else { nil }
    }
    func number(_ name: String) -> UInt32? {
      if case .number(let value) = spec[name] { UInt32(exactly: value) } else { nil }
    }
    let namespace = text("netns").map(NetworkNamespaceName.init(specText:)) ?? .own
    let interface = text("interface").map { InterfaceName(namespace: namespace, name: $0) }
    let attachType = text("attach_type").flatMap { AttachType(name: $0) }
    switch text("hook") {
    case "xdp":
      guard let interface, let mode = text("mode").flatMap(XDPMode.init(rawValue:)) else {
        return nil
      }
      self = .xdp(interface: interface, mode: mode)
    case "tcx":
      guard let interface, let direction = text("direction") else { return nil }
      self = .tcx(
        interface: interface, attachType: direction == "egress" ? .tcxEgress : .tcxIngress)
    case "cgroup":
      guard let path = text("path"), let attachType else { return nil }
      self = .cgroup(path: path, attachType: attachType)
    case "netfilter":
      guard let family = number("pf"), let hook = number("hook_number"),
        let priority = text("priority").flatMap(Int32.init)
      else { return nil }
      let place = NetfilterHook(
        protocolFamily: family, hook: hook, priority: priority,
        defragment: spec["defrag"] == .bool(true))
      self = .netfilter(place, namespace: namespace)
    case "tracepoint":
      let parts = (text("name") ?? "").split(separator: ":", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return nil }
      self = .tracepoint(category: parts[0], name: parts[1])
    case "raw_tracepoint":
      guard let name = text("name") else { return nil }
      self = .rawTracepoint(name: name)
    case "kprobe":
      guard let probe = KernelProbe(spec: spec) else { return nil }
      self = .kernelProbe(probe)
    case "uprobe":
      guard let probe = UserProbe(spec: spec) else { return nil }
      self = .userProbe(probe)
    case "tracing":
      guard let attachType, let target = text("target") else { return nil }
      self = .tracing(attachType: attachType, target: target)
    case Hook.structOpsName:
      guard let map = text("map"), let structure = text("structure") else { return nil }
      self = .structOps(map: map, structure: structure)
    case let kind?:
      guard let attachType = AttachType(name: kind) else { return nil }
      self = .networkNamespace(namespace, attachType: attachType)
    case nil: return nil
    }
  }

  /// The hook as it is observed: one place, whatever mode is asked for.
  public var place: Hook {
    if case .xdp(let interface, _) = self { .xdp(interface: interface, mode: .auto) } else { self }
  }
}

extension NetworkNamespaceName {
  /// `own`, a name, or a path (which has a slash in it, as no name has).
  var specText: String {
    switch self {
    case .own: "own"
    case .name("own"): "/run/netns/own"
    case .name(let name): name
    case .path(let path): path.contains("/") ? path : "./\(path)"
    }
  }

  var specValue: SpecValue { .text(specText) }

  init(specText: String) {
    self = specText == "own" ? .own : specText.contains("/") ? .path(specText) : .name(specText)
  }
}

extension Hook {
  /// As a message names it: "xdp of eth0", "cgroup_inet_egress of /sys/fs/cgroup/web".
  var phrase: String {
    switch self {
    case .xdp(let interface, _): "xdp of \(interface.phrase)"
    case .tcx(let interface, let attachType): "\(attachType) of \(interface.phrase)"
    case .cgroup(let path, let attachType): "\(attachType) of \(path)"
    case .networkNamespace(let namespace, let attachType): "\(attachType) of \(namespace.phrase)"
    case .netfilter(let place, let namespace):
      "netfilter \(place.phrase) of \(namespace.phrase)"
    case .tracepoint(let category, let name): "tracepoint \(category):\(name)"
    case .rawTracepoint(let name): "raw tracepoint \(name)"
    case .kernelProbe(let probe): probe.phrase
    case .userProbe(let probe): probe.phrase
    case .tracing(let attachType, let target): "\(attachType) of \(target)"
    case .structOps(_, let structure): "struct_ops \(structure)"
    }
  }
}

extension NetfilterHook {
  /// The manifest's names of `pf` and `hook`; nil for other numbers.
  public static func name(protocolFamily: UInt64) -> String? {
    [2: "ipv4", 10: "ipv6"][protocolFamily]
  }

  public static func name(hook: UInt64) -> String? {
    let names = ["prerouting", "input", "forward", "output", "postrouting"]
    return hook < 5 ? names[Int(hook)] : nil
  }

  /// "ipv4 input, priority -10".
  fileprivate var phrase: String {
    let family = NetfilterHook.name(protocolFamily: UInt64(protocolFamily))
    let name = NetfilterHook.name(hook: UInt64(hook))
    return "\(family ?? "family \(protocolFamily)") \(name ?? "hook \(hook)")"
      + ", priority \(priority),"
  }
}

extension InterfaceName {
  var phrase: String { namespace == .own ? name : "\(name) in \(namespace.phrase)" }
}

extension NetworkNamespaceName {
  var phrase: String {
    self == .own ? "this network namespace" : "network namespace \(specText)"
  }
}
