// Ring buffers; sizes are rounded up to powers of two of pages.
#include "common.h"
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 5000); } odd SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } even SEC(".maps");
USES(uses, &odd, &even)
