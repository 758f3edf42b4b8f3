/// The likely causes of what bpf(2) and its neighbours answer.
enum Hint {
  static func text(call: String, errno: Errno, verifierLog: String?) -> String? {
    switch errno {
    case .notPermitted, .accessDenied: permission(call, errno, verifierLog)
    case .notSupportedByKernel:
      "the kernel does not implement this for this kind of object"
    case .tooBig: size(call)
    case .tooManyFiles: "the limit on open descriptors (ulimit -n) is reached"
    case .outOfMemory:
      "the memory limit of the cgroup, or (before Linux 5.11) RLIMIT_MEMLOCK, is reached"
    case .invalid: invalid(call)
    case .busy: busy(call)
    case .exists: exists(call)
    case .noLink: "the device or cgroup that the link was on is gone; the link can only be removed"
    case .stale: "the hook was changed by somebody else meanwhile"
    default: nil
    }
  }

  /// What EPERM and EACCES of a call most likely ask for.
  private static func permission(_ call: String, _ errno: Errno, _ log: String?) -> String? {
    switch call {
    case "BPF_PROG_LOAD":
      if let log, !log.isEmpty { return nil }
      if errno == .accessDenied { return "the verifier rejected the program" }
      return missing(
        ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"],
        otherwise: "the host may refuse this program type: lockdown mode, an LSM policy, or "
          + "trampolines (fentry, fexit, fmod_ret, lsm, freplace) or iterators of maps being blocked"
      )
    case "BPF_PROG_GET_NEXT_ID", "BPF_MAP_GET_NEXT_ID", "BPF_LINK_GET_NEXT_ID",
      "BPF_BTF_GET_NEXT_ID", "BPF_PROG_GET_FD_BY_ID", "BPF_MAP_GET_FD_BY_ID",
      "BPF_LINK_GET_FD_BY_ID", "BPF_BTF_GET_FD_BY_ID":
      return missing(["CAP_SYS_ADMIN"], otherwise: nil)
    case "BPF_MAP_CREATE", "BPF_BTF_LOAD", "BPF_PROG_BIND_MAP":
      return missing(["CAP_BPF"], otherwise: "lockdown mode or an LSM policy may forbid it")
    case "BPF_LINK_CREATE", "BPF_PROG_ATTACH", "BPF_PROG_DETACH", "BPF_PROG_QUERY",
      "RTM_SETLINK":
      return missing(
        ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"],
        otherwise: "another program may hold the hook exclusively (cgroup without "
          + "BPF_F_ALLOW_MULTI), or the capability is missing in the target's user namespace")
    case "BPF_LINK_UPDATE":
      return "the program on the link is not the expected one, or the new program is of "
        + "another kind"
    case "BPF_MAP_UPDATE_ELEM", "BPF_MAP_DELETE_ELEM", "BPF_MAP_UPDATE_BATCH",
      "BPF_MAP_DELETE_BATCH":
      return "the map is frozen, or read-only for user space (BPF_F_RDONLY)"
    case "BPF_MAP_LOOKUP_ELEM", "BPF_MAP_LOOKUP_BATCH", "BPF_MAP_GET_NEXT_KEY":
      return "the map is write-only for user space (BPF_F_WRONLY)"
    case "BPF_OBJ_PIN", "mkdirat":
      return "names on a bpffs may not contain a dot"
    case "perf_event_open":
      return missing(["CAP_PERFMON"], otherwise: "kernel.perf_event_paranoid may forbid it")
    case "setns", "unshare", "mount": return missing(["CAP_SYS_ADMIN"], otherwise: nil)
    default: return nil
    }
  }

  private static func missing(_ names: [String], otherwise: String?) -> String? {
    guard let held = try? Capabilities.current() else { return otherwise }
    let absent = names.filter { !held.effective.contains($0) }
    if absent.isEmpty || held.effective.contains("CAP_SYS_ADMIN") { return otherwise }
    return "missing \(absent.joined(separator: ", ")); run as root or grant it"
  }

  private static func size(_ call: String) -> String? {
    switch call {
    case "BPF_PROG_LOAD":
      "the program is too long or too complex for the verifier, or uses an attribute that this "
        + "kernel does not know"
    case "BPF_MAP_UPDATE_ELEM", "BPF_MAP_UPDATE_BATCH":
      "the map is full (max_entries), or the index is out of its range"
    case "BPF_MAP_CREATE": "key, value or max_entries are larger than the kernel allows"
    case "BPF_LINK_CREATE": "too many programs stand on this hook"
    default: "this kernel does not know an attribute of the call"
    }
  }

  private static func invalid(_ call: String) -> String? {
    switch call {
    case "BPF_MAP_CREATE":
      "the kernel does not know the map type or a flag, or the sizes do not fit the type"
    case "BPF_LINK_CREATE":
      "the program's type or expected attach type does not fit the hook, or the kernel is older "
        + "than the link: cgroup 5.7, netns 5.8, xdp 5.9, perf_event 5.15, netfilter 6.4, "
        + "tcx 6.6, netkit 6.7, sockmap 6.10"
    case "BPF_LINK_UPDATE":
      "the new program's type or expected attach type differs from the old one's, or the link "
        + "kind cannot be updated"
    case "BPF_PROG_BIND_MAP": "needs Linux 5.10"
    case "BPF_MAP_FREEZE": "needs Linux 5.2"
    case "BPF_MAP_LOOKUP_BATCH", "BPF_MAP_UPDATE_BATCH", "BPF_MAP_DELETE_BATCH",
      "BPF_MAP_LOOKUP_AND_DELETE_BATCH":
      "needs Linux 5.6; per-CPU arrays 5.13"
    case "BPF_LINK_DETACH": "needs Linux 5.9"
    case "BPF_OBJ_PIN", "BPF_OBJ_GET": "the path is not on a bpffs"
    default: nil
    }
  }

  private static func busy(_ call: String) -> String? {
    switch call {
    case "BPF_LINK_CREATE", "BPF_PROG_ATTACH", "RTM_SETLINK":
      "another program or link holds the hook (for netfilter: the same pf, hook and priority)"
    case "BPF_MAP_FREEZE": "the map is mapped writable somewhere"
    default: nil
    }
  }

  private static func exists(_ call: String) -> String? {
    switch call {
    case "BPF_LINK_CREATE", "BPF_PROG_ATTACH":
      "the program stands on the hook already, or XDP is attached there in another mode"
    case "BPF_OBJ_PIN": "there is a pin or directory of that name"
    default: nil
    }
  }
}
