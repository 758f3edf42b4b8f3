// refused: unknown field "colour"
#include "common.h"
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(colour, 3); } map SEC(".maps");
USES(uses, &map)
