// Integers as the constants of enumerations (__ulong), and above 32 bits.
#include "common.h"
struct {
  __ulong(type, BPF_MAP_TYPE_HASH);
  __ulong(key_size, 4);
  __ulong(value_size, 8);
  __ulong(max_entries, 10);
} numbers SEC(".maps");
USES(uses, &numbers)
