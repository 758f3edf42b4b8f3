// A function whose address is passed on.
#include "common.h"
MAP(counts, BPF_MAP_TYPE_HASH, __u32, __u64, 4, );
static long add(void *map, __u32 *key, __u64 *value, __u64 *sum) {
  *sum += *value;
  return 0;
}
SEC("tc") int sum(void *context) {
  __u64 sum = 0;
  bpf_for_each_map_elem(&counts, add, &sum, 0);
  return sum;
}
