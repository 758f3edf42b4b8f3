// A value for each CPU.
#include "common.h"
MAP(hash, BPF_MAP_TYPE_PERCPU_HASH, __u32, __u32, 4, );
MAP(array, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u8, 4, );
USES(uses, &hash, &array)
