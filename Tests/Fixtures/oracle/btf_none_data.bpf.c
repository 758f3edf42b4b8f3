// options: -g0
// Variables without types.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int counter = 3;
static volatile int zero;
SEC("socket") int one(void *context) { return counter++ + zero++; }
char _license[] SEC("license") = "GPL";
