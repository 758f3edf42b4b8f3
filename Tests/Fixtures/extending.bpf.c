// What replaces the function of extended.bpf.c. `guarded` counts packets, by release.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} guarded SEC(".maps");

SEC("freplace/verdict")
int block(struct xdp_md *context, int release) {
  __u32 slot = RELEASE;
  __u64 *packets = bpf_map_lookup_elem(&guarded, &slot);
  if (packets)
    __sync_fetch_and_add(packets, 1);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
