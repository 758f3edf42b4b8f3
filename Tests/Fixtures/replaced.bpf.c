// A program with a function that another program can take the place of.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int choose(struct xdp_md *context) {
  volatile int verdict = XDP_DROP;
  return verdict;
}

SEC("xdp") int entry(struct xdp_md *context) { return choose(context); }

char LICENSE[] SEC("license") = "GPL";
