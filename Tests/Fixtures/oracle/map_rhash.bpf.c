// A hash table that grows with its entries (Linux 7.2).
#include "common.h"
struct {
  __uint(type, 35);
  __type(key, __u32);
  __type(value, __u64);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1000);
} growing SEC(".maps");

SEC("socket")
int alone(void *context) { return 0; }
