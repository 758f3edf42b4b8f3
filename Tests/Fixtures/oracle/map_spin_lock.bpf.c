// A lock in a value.
#include "common.h"
struct value { struct bpf_spin_lock lock; __u64 count; };
MAP(locked, BPF_MAP_TYPE_HASH, __u32, struct value, 4, );
SEC("tc") int count(void *context) {
  __u32 zero = 0;
  struct value *value = bpf_map_lookup_elem(&locked, &zero);
  if (!value) return 0;
  bpf_spin_lock(&value->lock);
  value->count++;
  bpf_spin_unlock(&value->lock);
  return 0;
}
