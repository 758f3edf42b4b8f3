// refused: cannot have values in the object
#include "common.h"
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(key_size, 4); __uint(max_entries, 1); __array(values, int(void *)); } map SEC(".maps");
USES(uses, &map)
