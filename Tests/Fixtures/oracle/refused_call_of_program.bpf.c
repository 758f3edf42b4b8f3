// refused: calls a function outside of .text
#include "common.h"
SEC("socket") __noinline int other(int x) { asm volatile("" : "+r"(x)); return x; }
SEC("socket") int one(void *context) { return other(1); }
