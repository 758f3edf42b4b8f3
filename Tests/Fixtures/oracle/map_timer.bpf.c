// A timer in a value: the kernel finds it by the value's type.
#include "common.h"
struct value { __u32 count; struct bpf_timer timer; };
MAP(timers, BPF_MAP_TYPE_ARRAY, __u32, struct value, 1, );
static int fire(void *map, int *key, struct value *value) {
  value->count++;
  return 0;
}
SEC("tc") int start(void *context) {
  __u32 zero = 0;
  struct value *value = bpf_map_lookup_elem(&timers, &zero);
  if (!value) return 0;
  bpf_timer_init(&value->timer, &timers, 1 /* CLOCK_MONOTONIC */);
  bpf_timer_set_callback(&value->timer, fire);
  return 0;
}
