// A license that is not the GPL.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int pass(void *context) { return XDP_PASS; }
char _license[] SEC("license") = "Proprietary";
