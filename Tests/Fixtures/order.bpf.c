// Three programs for each of two hooks that write their number behind those that a packet passed before:
// 321 in `trace` says that three, two and one ran in this order. Their own packets only: echo requests.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} trace SEC(".maps");

static __always_inline void pass(struct __sk_buff *packet, __u32 header, __u32 slot, __u32 number) {
  __u8 protocol = 0;

  bpf_skb_load_bytes(packet, header + __builtin_offsetof(struct iphdr, protocol), &protocol, 1);
  if (protocol != 1)
    return;
  packet->mark = packet->mark * 10 + number;
  __u64 *seen = bpf_map_lookup_elem(&trace, &slot);
  if (seen)
    *seen = packet->mark;
}

#define PROGRAMS(word, number)                                                                     \
  SEC("tcx/ingress") int word(struct __sk_buff *packet) {                                          \
    pass(packet, ETH_HLEN, 0, number);                                                             \
    return -1;                                                                                     \
  }                                                                                                \
  SEC("cgroup_skb/egress") int leave_##word(struct __sk_buff *packet) {                            \
    pass(packet, 0, 1, number);                                                                    \
    return 1;                                                                                      \
  }

PROGRAMS(one, 1)
PROGRAMS(two, 2)
PROGRAMS(three, 3)

char LICENSE[] SEC("license") = "GPL";
