internal import CBPF
internal import Glibc

/// The capabilities of the calling thread, by the kernel's names (`CAP_BPF`).
public struct Capabilities: Hashable, Sendable {
  public var effective: Set<String>
  public var permitted: Set<String>

  /// Asks the kernel (capget(2)).
  public static func current() throws(KernelError) -> Capabilities {
    let sets = try read()
    return Capabilities(effective: names(sets.effective), permitted: names(sets.permitted))
  }

  /// What changing BPF objects, hooks and pins may need: CAP_SYS_ADMIN for ids and namespaces,
  /// CAP_NET_ADMIN for network hooks, CAP_BPF and CAP_PERFMON to load; CAP_CHOWN, CAP_FOWNER and the
  /// CAP_DAC_* for pins and files of other accounts; CAP_SYS_RESOURCE for RLIMIT_MEMLOCK before Linux
  /// 5.11; CAP_SYSLOG for the addresses in /proc/kallsyms; CAP_SYS_PTRACE to see which process holds
  /// an object.
  public static let needed: Set<String> = [
    "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_BPF", "CAP_PERFMON", "CAP_DAC_OVERRIDE", "CAP_CHOWN",
    "CAP_FOWNER", "CAP_SYS_RESOURCE", "CAP_DAC_READ_SEARCH", "CAP_SYSLOG", "CAP_SYS_PTRACE",
  ]

  /// Gives up all other capabilities of the calling thread for good (capset(2)). Threads that are
  /// there already keep theirs: call it before any is started.
  public static func drop(keeping kept: Set<String> = needed) throws(KernelError) {
    var sets = try read()
    let mask = names.enumerated().reduce(UInt64(0)) { mask, entry in
      kept.contains(entry.element) ? mask | 1 << UInt64(entry.offset) : mask
    }
    sets.effective &= mask
    sets.permitted &= mask
    sets.inheritable &= mask
    try check(unsafe cbpf_set_capabilities(&sets), "capset", on: "this process")
  }

  private static func read() throws(KernelError) -> cbpf_capabilities {
    var sets = cbpf_capabilities()
    try check(unsafe cbpf_get_capabilities(&sets), "capget", on: "this process")
    return sets
  }

  private static func names(_ bits: UInt64) -> Set<String> {
    var held: Set<String> = []
    for (bit, name) in names.enumerated() where bits & 1 << UInt64(bit) != 0 { held.insert(name) }
    return held
  }

  /// By number.
  private static let names = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
    "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
    "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
    "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
  ]
}

/// Limits of this process.
public enum ResourceLimit {
  /// Lifts RLIMIT_MEMLOCK, which kernels before 5.11 charge maps and programs to, and returns
  /// whether it went up. Where that is not allowed nothing changes: newer kernels do not need it.
  @discardableResult
  public static func raiseLockedMemory() -> Bool {
    var before = rlimit()
    guard unsafe getrlimit(lockedMemory, &before) == 0, before.rlim_cur != .max else {
      return false
    }
    var limit = rlimit(rlim_cur: .max, rlim_max: .max)
    if unsafe setrlimit(lockedMemory, &limit) == 0 { return true }
    // Without CAP_SYS_RESOURCE the soft limit can still go up to the hard one.
    guard before.rlim_cur < before.rlim_max else { return false }
    limit = rlimit(rlim_cur: before.rlim_max, rlim_max: before.rlim_max)
    return unsafe setrlimit(lockedMemory, &limit) == 0
  }

  /// RLIMIT_MEMLOCK
  private static let lockedMemory = __rlimit_resource_t(8)
}
