// Every field of a map declared with BTF, and the map types with initial slots.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct key {
  __u32 prefixlen;
  __u8 addr[4];
};

struct value {
  __u64 packets;
  __u32 flags : 3;
  __u32 rest : 29;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __type(key, struct key);
  __type(value, struct value);
  __uint(max_entries, 1000);
  __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE);
  __uint(numa_node, 0);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
} blocklist SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __uint(value_size, 8);
  __uint(max_entries, 64);
  __uint(map_extra, 3);
} seen_before_by_anyone SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 2);
};

struct inner inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(key_size, 4);
  __uint(max_entries, 4);
  __array(values, struct inner);
} outer SEC(".maps") = {
    .values = {[1] = &inner_b, [3] = &inner_a},
};

int tail_a(struct xdp_md *ctx);
int tail_b(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(key_size, 4);
  __uint(max_entries, 8);
  __array(values, int(void *));
} jumps SEC(".maps") = {
    .values = {[2] = (void *)&tail_a, [5] = (void *)&tail_b},
};

SEC("xdp")
int tail_a(struct xdp_md *ctx) { return XDP_PASS; }

SEC("xdp")
int tail_b(struct xdp_md *ctx) {
  bpf_tail_call(ctx, &jumps, 2);
  return XDP_DROP;
}

SEC("xdp")
int entry(struct xdp_md *ctx) {
  struct key key = {32, {10, 0, 0, 1}};
  struct value *value = bpf_map_lookup_elem(&blocklist, &key);
  if (value) {
    value->packets++;
    return XDP_DROP;
  }
  __u32 zero = 0;
  __u64 zero64 = 0;
  void *map = bpf_map_lookup_elem(&outer, &zero);
  if (map && bpf_map_lookup_elem(map, &zero)) return XDP_ABORTED;
  if (bpf_map_peek_elem(&seen_before_by_anyone, &zero64) == 0)
    bpf_ringbuf_output(&events, &zero64, sizeof(zero64), 0);
  bpf_tail_call(ctx, &jumps, 2);
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
