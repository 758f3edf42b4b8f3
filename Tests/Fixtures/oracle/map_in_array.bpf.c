// An array of maps whose slots stand in the object.
#include "common.h"
struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 2);
};
struct inner first SEC(".maps"), second SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(key_size, 4);
  __uint(max_entries, 4);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &second, [3] = &first}};
USES(uses, &outer)
