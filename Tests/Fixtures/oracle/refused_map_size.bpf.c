// refused: says both 4 and 8 for the size of its key
#include "common.h"
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __uint(key_size, 8); __uint(value_size, 8); __uint(max_entries, 1); } map SEC(".maps");
USES(uses, &map)
