// Takes the place of a function of `replaced.bpf.c`.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("freplace/choose") int chooses(struct xdp_md *context) { return XDP_PASS; }

char LICENSE[] SEC("license") = "GPL";
