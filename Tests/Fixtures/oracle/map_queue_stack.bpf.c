// Maps without keys.
#include "common.h"
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(value_size, 12); __uint(max_entries, 5); } waiting SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK); __type(value, __u64); __uint(max_entries, 5); } piled SEC(".maps");
USES(uses, &waiting, &piled)
