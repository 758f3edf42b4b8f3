internal import BPFObject

/// XDP, one program for each interface.
struct XDPHook: HookFamily {
  var at: InterfaceName
  var mode: XDPMode

  var spec: Spec {
    Spec([
      "hook": "xdp", "interface": .text(at.name), "netns": at.namespace.specValue,
      "mode": .text(mode.rawValue),
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let interface = InterfaceName(spec: spec),
      let mode = spec.text("mode").flatMap(XDPMode.init(rawValue:))
    else { return nil }
    return .xdp(interface: interface, mode: mode)
  }

  var phrase: String { "xdp of \(at.phrase)" }
  var kind: HookKind {
    HookKind(
      linkTypes: [.xdp], updatesInPlace: true, holdsOne: true, refusesSameProgramTwice: true,
      isQueryable: true)
  }
  var capability: String? { "CAP_NET_ADMIN" }
  var interface: InterfaceName? { at }

  func moved(to interface: InterfaceName) -> Hook? { .xdp(interface: interface, mode: mode) }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    guard case .interface(let index, _) = link.target else { return false }
    return link.type == .xdp && UInt64(index) == targetID
  }
}

/// TCX, several programs in an order for each direction of an interface.
struct TCXHook: HookFamily {
  var at: InterfaceName
  /// `tcx_ingress` or `tcx_egress`.
  var attachType: AttachType

  var spec: Spec {
    Spec([
      "hook": "tcx", "interface": .text(at.name), "netns": at.namespace.specValue,
      "direction": attachType == .tcxEgress ? "egress" : "ingress",
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let interface = InterfaceName(spec: spec), let direction = spec.text("direction") else {
      return nil
    }
    return .tcx(interface: interface, attachType: direction == "egress" ? .tcxEgress : .tcxIngress)
  }

  var phrase: String { "\(attachType) of \(at.phrase)" }
  var kind: HookKind {
    HookKind(
      linkTypes: [.tcx], updatesInPlace: true, refusesSameProgramTwice: true, isQueryable: true,
      isOrdered: true)
  }
  var needs: [KernelFeature] { [.tcxLinks] }
  var capability: String? { "CAP_NET_ADMIN" }
  var interface: InterfaceName? { at }

  func moved(to interface: InterfaceName) -> Hook? {
    .tcx(interface: interface, attachType: attachType)
  }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    guard case .interface(let index, let found) = link.target else { return false }
    return UInt64(index) == targetID && found == attachType
  }
}
