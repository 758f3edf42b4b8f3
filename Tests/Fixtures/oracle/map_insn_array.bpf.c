// Places in a program (Linux 6.19): what user space wrote before the load, the kernel translates.
#include "common.h"
struct places { __u32 original, translated, jitted, unused; };
struct {
  __uint(type, 34);
  __type(key, __u32);
  __type(value, struct places);
  __uint(max_entries, 4);
} jumps SEC(".maps");

SEC("socket")
int alone(void *context) { return 0; }
