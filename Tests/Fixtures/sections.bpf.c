// Sections that say types, attach types, flags and targets.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int xdp_frags(struct xdp_md *ctx) { return XDP_PASS; }

SEC("tc")
int classifier(struct __sk_buff *skb) { return 0; }

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb) { return 1; }

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx) { return 1; }

SEC("cgroup/getsockopt")
int getsockopt_hook(struct bpf_sockopt *ctx) { return 1; }

SEC("sockops")
int sock_ops(struct bpf_sock_ops *ctx) { return 1; }

SEC("tracepoint/sched/sched_switch")
int on_switch(void *ctx) { return 0; }

SEC("raw_tp/sched_switch")
int on_switch_raw(void *ctx) { return 0; }

SEC("sk_lookup")
int lookup(struct bpf_sk_lookup *ctx) { return SK_PASS; }

SEC("flow_dissector")
int dissector(struct __sk_buff *skb) { return BPF_OK; }

SEC("socket")
int filter(struct __sk_buff *skb) { return 0; }

SEC("kprobe/do_nothing")
int probe(void *ctx) { return 0; }

SEC("syscall")
int call(void *ctx) { return 0; }

char _license[] SEC("license") = "GPL";
