internal import BPFObject

/// A hook of the kernel's security modules, for the processes of a cgroup (lsm_cgroup).
///
/// All of a cgroup's security hooks share an attach type; which of them a program is for was said when
/// it was loaded, and a link stays on that one for ever.
struct CgroupSecurityHook: HookFamily {
  /// An absolute path below a cgroup2 mount.
  var path: String
  /// As the kernel names it: `socket_bind`.
  var function: String

  static let name = "lsm_cgroup"

  var spec: Spec {
    Spec(["hook": .text(Self.name), "path": .text(path), "target": .text(function)])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let path = spec.text("path"), let function = spec.text("target") else { return nil }
    return .cgroupSecurity(path: path, function: function)
  }

  var phrase: String { "LSM hook \(function) of \(path)" }
  var kind: HookKind {
    HookKind(
      linkTypes: [.cgroup], updatesInPlace: true, isQueryable: true, usesTrampoline: true,
      isOrdered: true, hasEarlyPrograms: true)
  }
  var needs: [KernelFeature] { [.kernelTypes, .lsm, .cgroupSecurityHooks] }
  var capability: String? { "CAP_NET_ADMIN" }
  var mortal: String? { path }

  /// Link info does not say which security hook it is; the hook's query does.
  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    link.target == .cgroup(id: targetID, attachType: .lsmCgroup)
  }
}
