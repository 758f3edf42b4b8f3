// Static functions, called by their section's symbol.
#include "common.h"
static __noinline int twice(int x) { asm volatile("" : "+r"(x)); return x * 2; }
static __noinline int thrice(int x) { return twice(x) + x; }
SEC("socket") int one(void *context) { return thrice(1); }
SEC("socket") int two(void *context) { return twice(2) + thrice(3); }
