// refused: unknown pinning 7
#include "common.h"
MAP(map, BPF_MAP_TYPE_ARRAY, __u32, __u32, 1, __uint(pinning, 7););
USES(uses, &map)
