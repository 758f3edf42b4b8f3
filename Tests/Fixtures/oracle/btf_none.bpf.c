// options: -g0
// An object without types.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
static __noinline int twice(int x) { asm volatile("" : "+r"(x)); return x * 2; }
SEC("socket") int one(void *context) { return twice(1); }
char _license[] SEC("license") = "GPL";
