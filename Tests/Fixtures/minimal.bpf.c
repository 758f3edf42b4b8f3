// The smallest program: it is parsed byte by byte in the tests.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u32 seen;

SEC("xdp")
int minimal(struct xdp_md *ctx) {
  seen++;
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
