// A callback that a subprogram passes on.
#include "common.h"
static long nothing(__u32 index, void *data) { return 0; }
static __noinline int loop(int count) { return bpf_loop(count, nothing, 0, 0); }
SEC("tc") int loops(void *context) { return loop(3); }
