// A hash of maps: the slots' numbers are its keys.
#include "common.h"
struct inner {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(key_size, 4);
  __uint(value_size, 4);
  __uint(max_entries, 8);
} inside SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __type(key, __u32);
  __uint(max_entries, 4);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[0] = &inside, [2] = &inside}};
USES(uses, &outer)
