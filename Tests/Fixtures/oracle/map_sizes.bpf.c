// Sizes in place of types, and both.
#include "common.h"
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(key_size, 6);
  __uint(value_size, 3);
  __uint(max_entries, 10);
} sized SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u16);
  __uint(key_size, 2);
  __uint(value_size, 8);
  __type(value, __u64);
  __uint(max_entries, 10);
} both SEC(".maps");
USES(uses, &sized, &both)
