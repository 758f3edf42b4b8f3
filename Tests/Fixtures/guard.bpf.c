// One XDP program with two maps and a constant, in sections that old loaders know.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 verdict = XDP_PASS;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} passed SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u32);
} rules SEC(".maps");

SEC("xdp")
int guard(struct xdp_md *context) {
  __u32 zero = 0;
  __u64 *counter = bpf_map_lookup_elem(&passed, &zero);
  if (counter)
    __sync_fetch_and_add(counter, 1);
  return bpf_map_lookup_elem(&rules, &zero) ? XDP_DROP : verdict;
}

char LICENSE[] SEC("license") = "GPL";
