internal import BPFObject

/// What the processes of a cgroup do.
struct CgroupHook: HookFamily {
  /// An absolute path below a cgroup2 mount.
  var path: String
  var attachType: AttachType

  var spec: Spec {
    Spec(["hook": "cgroup", "path": .text(path), "attach_type": .text(attachType.description)])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let path = spec.text("path"),
      let attachType = spec.text("attach_type").flatMap({ AttachType(name: $0) })
    else { return nil }
    return .cgroup(path: path, attachType: attachType)
  }

  var phrase: String { "\(attachType) of \(path)" }
  var kind: HookKind {
    HookKind(
      linkTypes: [.cgroup], updatesInPlace: true, isQueryable: true, isOrdered: true,
      hasEarlyPrograms: true)
  }
  var needs: [KernelFeature] {
    switch attachType {
    case .cgroupUnixConnect, .cgroupUnixSendmsg, .cgroupUnixRecvmsg, .cgroupUnixGetpeername,
      .cgroupUnixGetsockname:
      [.unixSocketHooks]
    default: []
    }
  }
  var capability: String? { "CAP_NET_ADMIN" }
  var mortal: String? { path }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    link.target == .cgroup(id: targetID, attachType: attachType)
  }
}
