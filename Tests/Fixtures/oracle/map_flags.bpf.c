// Flags of MAP_CREATE, some of which the kernel keeps to itself.
#include "common.h"
MAP(no_prealloc, BPF_MAP_TYPE_HASH, __u32, __u32, 4, __uint(map_flags, BPF_F_NO_PREALLOC););
MAP(read_only, BPF_MAP_TYPE_ARRAY, __u32, __u32, 4, __uint(map_flags, BPF_F_RDONLY_PROG););
MAP(write_only, BPF_MAP_TYPE_ARRAY, __u32, __u32, 4, __uint(map_flags, BPF_F_WRONLY_PROG););
MAP(mappable, BPF_MAP_TYPE_ARRAY, __u32, __u64, 4, __uint(map_flags, BPF_F_MMAPABLE););
MAP(seedless, BPF_MAP_TYPE_HASH, __u32, __u32, 4, __uint(map_flags, BPF_F_ZERO_SEED););
USES(uses, &no_prealloc, &read_only, &write_only, &mappable, &seedless)
