// Global functions, which are verified by themselves.
#include "common.h"
__noinline int twice(int x) { return x * 2; }
__noinline int thrice(int x) { return twice(x) + x; }
SEC("socket") int one(void *context) { return thrice(1); }
SEC("xdp") int two(struct xdp_md *context) { return twice(context->data != 0); }
