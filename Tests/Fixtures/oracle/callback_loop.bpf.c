// Two callbacks, of which one calls a function.
#include "common.h"
static __noinline int step(int x) { asm volatile("" : "+r"(x)); return x + 1; }
static long up(__u32 index, int *number) { *number = step(*number); return 0; }
static long down(__u32 index, int *number) { *number -= 1; return 0; }
SEC("tc") int loops(void *context) {
  int number = 0;
  bpf_loop(10, up, &number, 0);
  bpf_loop(5, down, &number, 0);
  return number;
}
