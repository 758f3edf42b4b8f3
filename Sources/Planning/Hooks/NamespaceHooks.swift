internal import BPFObject

/// Socket lookup and flow dissection of a network namespace.
struct NamespaceHook: HookFamily {
  var namespace: NetworkNamespaceName
  /// `sk_lookup` or `flow_dissector`.
  var attachType: AttachType

  var spec: Spec {
    Spec(["hook": .text(attachType.description), "netns": namespace.specValue])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let attachType = spec.text("hook").flatMap({ AttachType(name: $0) }) else { return nil }
    return .networkNamespace(NetworkNamespaceName(spec: spec), attachType: attachType)
  }

  var phrase: String { "\(attachType) of \(namespace.phrase)" }
  var kind: HookKind {
    // sk_lookup takes 64 programs in a row, flow_dissector one.
    let one = attachType == .flowDissector
    return HookKind(
      linkTypes: [.netns], updatesInPlace: true, holdsOne: one, refusesSameProgramTwice: one,
      isQueryable: true)
  }
  var capability: String? { "CAP_NET_ADMIN" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    guard case .networkNamespace(let inode, let found) = link.target else { return false }
    return UInt64(inode) == targetID && found == attachType
  }
}

/// One priority of a netfilter hook in a network namespace.
struct NetfilterFamily: HookFamily {
  var place: NetfilterHook
  var namespace: NetworkNamespaceName

  var spec: Spec {
    Spec([
      "hook": "netfilter", "netns": namespace.specValue,
      "pf": .number(UInt64(place.protocolFamily)), "hook_number": .number(UInt64(place.hook)),
      // Signed, which a spec's numbers are not.
      "priority": .text(String(place.priority)), "defrag": .bool(place.defragment),
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let family: UInt32 = spec.number("pf"),
      let hook: UInt32 = spec.number("hook_number"),
      let priority = spec.text("priority").flatMap({ Int32($0) })
    else { return nil }
    let place = NetfilterHook(
      protocolFamily: family, hook: hook, priority: priority, defragment: spec.flag("defrag"))
    return .netfilter(place, namespace: NetworkNamespaceName(spec: spec))
  }

  var phrase: String { "netfilter \(place.phrase) of \(namespace.phrase)" }
  var kind: HookKind {
    HookKind(linkTypes: [.netfilter], holdsOne: true, refusesSameProgramTwice: true)
  }
  var needs: [KernelFeature] { [.netfilterLinks] }
  var capability: String? { "CAP_NET_ADMIN" }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    guard case .netfilter(let found) = link.target else { return false }
    return found.isSamePlace(as: place)
  }
}

extension NetfilterHook {
  /// Whether fragments are gathered first is not always reported, and makes no other place.
  public func isSamePlace(as other: NetfilterHook) -> Bool {
    (protocolFamily, hook, priority) == (other.protocolFamily, other.hook, other.priority)
  }

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
