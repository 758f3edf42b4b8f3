// One program for every kind of hook that BPF links know without trampolines and kprobes. Each counts its runs
// in a slot of its own, which is its place in this file; with -DRELEASE=2 by two at a time.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

static __always_inline void count(__u32 slot) {
  __u64 *counter = bpf_map_lookup_elem(&runs, &slot);
  if (counter)
    __sync_fetch_and_add(counter, RELEASE);
}

#define PROGRAM(section, name, slot, result)                                                       \
  SEC(section)                                                                                     \
  int name(void *context) {                                                                        \
    count(slot);                                                                                   \
    return result;                                                                                 \
  }

PROGRAM("xdp", at_xdp_native, 0, 2)
PROGRAM("xdp", at_xdp_generic, 1, 2)
PROGRAM("tcx/ingress", at_tcx_ingress, 2, -1)
PROGRAM("tcx/egress", at_tcx_egress, 3, -1)
PROGRAM("sk_lookup", at_sk_lookup, 4, 1)
PROGRAM("flow_dissector", at_flow_dissector, 5, BPF_FLOW_DISSECTOR_CONTINUE)
PROGRAM("netfilter", at_netfilter, 6, 1)
PROGRAM("tp/sched/sched_process_exec", at_tracepoint, 7, 0)
PROGRAM("raw_tp/sched_process_exec", at_raw_tracepoint, 8, 0)
PROGRAM("tp_btf/sched_process_exec", at_tp_btf, 9, 0)
PROGRAM("cgroup_skb/ingress", at_skb_ingress, 10, 1)
PROGRAM("cgroup_skb/egress", at_skb_egress, 11, 1)
PROGRAM("cgroup/sock_create", at_sock_create, 12, 1)
PROGRAM("cgroup/sock_release", at_sock_release, 13, 1)
PROGRAM("cgroup/post_bind4", at_post_bind4, 14, 1)
PROGRAM("cgroup/post_bind6", at_post_bind6, 15, 1)
PROGRAM("cgroup/bind4", at_bind4, 16, 1)
PROGRAM("cgroup/bind6", at_bind6, 17, 1)
PROGRAM("cgroup/connect4", at_connect4, 18, 1)
PROGRAM("cgroup/connect6", at_connect6, 19, 1)
PROGRAM("cgroup/connect_unix", at_connect_unix, 20, 1)
PROGRAM("cgroup/sendmsg4", at_sendmsg4, 21, 1)
PROGRAM("cgroup/sendmsg6", at_sendmsg6, 22, 1)
PROGRAM("cgroup/sendmsg_unix", at_sendmsg_unix, 23, 1)
PROGRAM("cgroup/recvmsg4", at_recvmsg4, 24, 1)
PROGRAM("cgroup/recvmsg6", at_recvmsg6, 25, 1)
PROGRAM("cgroup/recvmsg_unix", at_recvmsg_unix, 26, 1)
PROGRAM("cgroup/getpeername4", at_getpeername4, 27, 1)
PROGRAM("cgroup/getpeername6", at_getpeername6, 28, 1)
PROGRAM("cgroup/getpeername_unix", at_getpeername_unix, 29, 1)
PROGRAM("cgroup/getsockname4", at_getsockname4, 30, 1)
PROGRAM("cgroup/getsockname6", at_getsockname6, 31, 1)
PROGRAM("cgroup/getsockname_unix", at_getsockname_unix, 32, 1)
PROGRAM("cgroup/sysctl", at_sysctl, 33, 1)
PROGRAM("cgroup/getsockopt", at_getsockopt, 34, 1)
PROGRAM("cgroup/setsockopt", at_setsockopt, 35, 1)
PROGRAM("cgroup/dev", at_device, 36, 1)
PROGRAM("sockops", at_sockops, 37, 1)
PROGRAM("uprobe/libc.so.6:execve", at_uprobe, 38, 0)
PROGRAM("uretprobe", at_uretprobe, 39, 0)
PROGRAM("iter/task", at_iter, 40, 0)

char LICENSE[] SEC("license") = "GPL";
