// No license at all.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int pass(void *context) { return XDP_PASS; }
