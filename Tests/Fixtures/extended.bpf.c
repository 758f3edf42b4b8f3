// A program whose function is replaced while it runs. `unguarded` counts the packets that saw its own.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} unguarded SEC(".maps");

__attribute__((noinline)) int verdict(struct xdp_md *context, int release) {
  __u32 slot = 0;
  __u64 *packets = bpf_map_lookup_elem(&unguarded, &slot);
  if (packets)
    __sync_fetch_and_add(packets, release ? 1 : 2);
  return context ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp")
int filter(struct xdp_md *context) { return verdict(context, RELEASE); }

char LICENSE[] SEC("license") = "GPL";
