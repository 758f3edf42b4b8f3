/// What a kernel may lack, and a plan has to know before anything is changed.
///
/// The facts of the host list what is known to be missing; what could not be found out is not in the
/// list, and the kernel has the last word.
public enum KernelFeature: String, Hashable, Sendable, Codable, CaseIterable {
  case perfEventLinks = "perf_event_links"
  case netfilterLinks = "netfilter_links"
  case tcxLinks = "tcx_links"
  case socketMapLinks = "socket_map_links"
  /// The attach types of cgroups for unix sockets.
  case unixSocketHooks = "unix_socket_hooks"
  /// Hooks of the security modules for the processes of a cgroup (lsm_cgroup).
  case cgroupSecurityHooks = "cgroup_security_hooks"
  case kprobes, uprobes
  case netkitLinks = "netkit_links"
  /// Places among the programs of a cgroup's hook.
  case cgroupOrder = "cgroup_order"
  /// BPF_F_PREORDER of links; programs that are attached without a link have it since 6.15.
  case cgroupPreorder = "cgroup_preorder"
  /// The kernel's own types, by which tracing programs find their targets.
  case kernelTypes = "kernel_types"
  /// Iterators that begin with a cgroup, and those of one process.
  case cgroupIterators = "cgroup_iterators"
  case processIterators = "process_iterators"
  /// LSM hooks that ask BPF programs.
  case lsm
  /// Maps of struct_ops that a link registers.
  case structOpsLinks = "struct_ops_links"
  case hardwareCounters = "hardware_counters"
  /// Links to many probes; sessions run at the beginning and the end of functions.
  case kprobeMulti = "kprobe_multi"
  case kprobeSession = "kprobe_session"
  case uprobeMulti = "uprobe_multi"
  case uprobeSession = "uprobe_session"
  /// Programs that carry changes of one map over into another while both are used.
  case mergePrograms = "merge_programs"

  /// As a message names it.
  var phrase: String {
    switch self {
    case .perfEventLinks: "links to perf events"
    case .netfilterLinks: "netfilter links"
    case .tcxLinks: "tcx"
    case .socketMapLinks: "links to maps of sockets"
    case .unixSocketHooks: "cgroup hooks for unix sockets"
    case .cgroupSecurityHooks: "security hooks of cgroups"
    case .netkitLinks: "netkit"
    case .cgroupOrder: "order among the programs of a cgroup's hook"
    case .cgroupPreorder: "preorder links of cgroups"
    case .kprobes: "kprobes"
    case .uprobes: "uprobes"
    case .kernelTypes: "description of its types"
    case .cgroupIterators: "iterators of cgroups"
    case .processIterators: "iterators of one process"
    case .lsm: "BPF among its security modules"
    case .structOpsLinks: "links to struct_ops maps"
    case .hardwareCounters: "hardware counters"
    case .kprobeMulti: "links to many kprobes"
    case .kprobeSession: "kprobe sessions"
    case .uprobeMulti: "links to many uprobes"
    case .uprobeSession: "uprobe sessions"
    case .mergePrograms: "programs that merge maps"
    }
  }

  /// Which kernel has it, or what has to be set.
  var wayOut: String {
    switch self {
    case .perfEventLinks: "Linux 5.15 and newer have them"
    case .netfilterLinks: "Linux 6.4 and newer have them, built with CONFIG_NETFILTER_BPF_LINK"
    case .tcxLinks: "Linux 6.6 and newer have it"
    case .socketMapLinks: "Linux 6.10 and newer have them"
    case .unixSocketHooks: "Linux 6.7 and newer have them"
    case .cgroupSecurityHooks: "Linux 6.0 and newer have them"
    case .netkitLinks: "Linux 6.7 and newer have it, built with CONFIG_NETKIT"
    case .cgroupOrder: "Linux 6.17 and newer have it"
    case .cgroupPreorder: "Linux 6.17 and newer have them"
    case .kprobes: "kernels built with CONFIG_KPROBE_EVENTS have them"
    case .uprobes: "kernels built with CONFIG_UPROBE_EVENTS have them"
    case .kernelTypes: "kernels built with CONFIG_DEBUG_INFO_BTF have it"
    case .cgroupIterators, .processIterators: "Linux 6.1 and newer have them"
    case .lsm:
      "build the kernel with CONFIG_BPF_LSM and add bpf to the list in its lsm= parameter"
    case .structOpsLinks: "Linux 6.4 and newer have them"
    case .kprobeMulti: "Linux 5.18 and newer have them, built with CONFIG_FPROBE"
    case .kprobeSession: "Linux 6.10 and newer have them, built with CONFIG_FPROBE"
    case .uprobeMulti: "Linux 6.6 and newer have them, built with CONFIG_UPROBE_EVENTS"
    case .uprobeSession: "Linux 6.13 and newer have them, built with CONFIG_UPROBE_EVENTS"
    case .mergePrograms: "CAP_BPF is needed to load and run them"
    case .hardwareCounters:
      "a virtual machine has to be given them; {type: software, config: cpu-clock} samples everywhere"
    }
  }
}
