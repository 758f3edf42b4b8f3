internal import BPFObject

/// A pair of netkit devices, several programs in an order for what each of the two sends. Both are
/// addressed by the primary device.
struct NetkitHook: HookFamily {
  var at: InterfaceName
  /// `netkit_primary` or `netkit_peer`.
  var attachType: AttachType

  var spec: Spec {
    Spec([
      "hook": "netkit", "interface": .text(at.name), "netns": at.namespace.specValue,
      "direction": attachType == .netkitPeer ? "peer" : "primary",
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let interface = InterfaceName(spec: spec), let direction = spec.text("direction") else {
      return nil
    }
    return .netkit(
      interface: interface, attachType: direction == "peer" ? .netkitPeer : .netkitPrimary)
  }

  var phrase: String { "\(attachType) of \(at.phrase)" }
  var kind: HookKind {
    HookKind(
      linkTypes: [.netkit], updatesInPlace: true, refusesSameProgramTwice: true,
      isQueryable: true, isOrdered: true)
  }
  var needs: [KernelFeature] { [.netkitLinks] }
  var capability: String? { "CAP_NET_ADMIN" }
  var interface: InterfaceName? { at }

  func moved(to interface: InterfaceName) -> Hook? {
    .netkit(interface: interface, attachType: attachType)
  }

  /// Link info names the device whose packets the program sees: of a peer's program the peer.
  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    guard case .interface(let index, let found) = link.target else { return false }
    return UInt64(index) == targetID && found == attachType
  }
}
