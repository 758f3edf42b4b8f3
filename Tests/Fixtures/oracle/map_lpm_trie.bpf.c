// Prefixes.
#include "common.h"
struct key { __u32 prefixlen; __u8 address[4]; };
MAP(routes, BPF_MAP_TYPE_LPM_TRIE, struct key, __u32, 100, __uint(map_flags, BPF_F_NO_PREALLOC););
USES(uses, &routes)
