// Maps that evict, with common and with per-CPU lists.
#include "common.h"
MAP(recent, BPF_MAP_TYPE_LRU_HASH, __u32, __u64, 100, );
MAP(recent_here, BPF_MAP_TYPE_LRU_HASH, __u32, __u64, 101, __uint(map_flags, BPF_F_NO_COMMON_LRU););
MAP(recent_of_cpus, BPF_MAP_TYPE_LRU_PERCPU_HASH, __u32, __u64, 100, );
USES(uses, &recent, &recent_here, &recent_of_cpus)
