// The NUMA node that holds a map.
#include "common.h"
MAP(near, BPF_MAP_TYPE_HASH, __u32, __u32, 4,
    __uint(map_flags, BPF_F_NUMA_NODE); __uint(numa_node, 0););
MAP(implied, BPF_MAP_TYPE_ARRAY, __u32, __u32, 4, __uint(numa_node, 0););
USES(uses, &near, &implied)
