// Functions are appended in the order in which they are first met, depth first.
#include "common.h"
static __noinline int leaf(int x) { asm volatile("" : "+r"(x)); return x + 1; }
static __noinline int left(int x) { return leaf(x) * 2; }
static __noinline int right(int x) { return left(x) + leaf(x); }
static __noinline int top(int x) { return right(x) - left(x); }
SEC("socket") int first(void *context) { return top(1) + left(2); }
SEC("socket") int second(void *context) { return left(1) + top(2); }
