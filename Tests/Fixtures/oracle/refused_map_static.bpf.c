// refused: remove static
#include "common.h"
static MAP(map, BPF_MAP_TYPE_ARRAY, __u32, __u32, 1, );
USES(uses, &map)
