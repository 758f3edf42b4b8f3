// A map that libbpf pins by its name.
#include "common.h"
MAP(shared, BPF_MAP_TYPE_HASH, __u32, __u32, 4, __uint(pinning, LIBBPF_PIN_BY_NAME););
MAP(private, BPF_MAP_TYPE_HASH, __u32, __u32, 4, __uint(pinning, LIBBPF_PIN_NONE););
USES(uses, &shared, &private)
