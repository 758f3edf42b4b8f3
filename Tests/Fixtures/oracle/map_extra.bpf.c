// How many hashes a bloom filter makes.
#include "common.h"
struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __type(value, __u32);
  __uint(max_entries, 64);
  __uint(map_extra, 5);
} seen SEC(".maps");
USES(uses, &seen)
