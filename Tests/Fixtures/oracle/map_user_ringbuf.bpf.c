// A ring buffer that user space writes.
#include "common.h"
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 3000); } commands SEC(".maps");
USES(uses, &commands)
