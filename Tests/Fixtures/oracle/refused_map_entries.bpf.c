// refused: Invalid argument
#include "common.h"
MAP(map, BPF_MAP_TYPE_ARRAY, __u32, __u32, 0, );
USES(uses, &map)
