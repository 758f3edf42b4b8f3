// A weak function is as good as any other.
#include "common.h"
__weak __noinline int weak(int x) { asm volatile("" : "+r"(x)); return x; }
SEC("socket") int one(void *context) { return weak(1); }
