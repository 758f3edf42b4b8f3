// As many entries as CPUs, if none are asked for.
#include "common.h"
struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} every SEC(".maps");
MAP(some, BPF_MAP_TYPE_PERF_EVENT_ARRAY, int, __u32, 1, );
USES(uses, &every, &some)
