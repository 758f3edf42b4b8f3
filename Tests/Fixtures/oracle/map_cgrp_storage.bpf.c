// Storage of cgroups.
#include "common.h"
struct {
  __uint(type, 32 /* BPF_MAP_TYPE_CGRP_STORAGE */);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, long);
} of_cgroups SEC(".maps");
USES(uses, &of_cgroups)
