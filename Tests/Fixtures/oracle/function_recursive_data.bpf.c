// Functions that refer to maps and data themselves.
#include "common.h"
MAP(counts, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1, );
int calls;
static __noinline int count(int by) {
  __u32 zero = 0;
  __u64 *value = bpf_map_lookup_elem(&counts, &zero);
  if (value) *value += by;
  return ++calls;
}
SEC("socket") int one(void *context) { return count(1); }
SEC("socket") int two(void *context) { return count(2) + count(3); }
