// A program array whose slots stand in the object.
#include "common.h"
int one(struct xdp_md *context);
int two(struct xdp_md *context);
struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(key_size, 4);
  __uint(max_entries, 8);
  __array(values, int(void *));
} jumps SEC(".maps") = {.values = {[2] = (void *)&one, [5] = (void *)&two}};
SEC("xdp") int one(struct xdp_md *context) { return XDP_PASS; }
SEC("xdp") int two(struct xdp_md *context) {
  bpf_tail_call(context, &jumps, 2);
  return XDP_DROP;
}
