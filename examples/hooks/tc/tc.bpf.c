// SPDX-License-Identifier: Apache-2.0
//
// Traffic control on the way out, as a classic filter in direct action mode: packets to the destinations
// in `denied` are dropped. The second release (-DRELEASE=2) sends no IPv6 at all.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// The next filter decides.
#define NEXT TC_ACT_UNSPEC

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be32);
  __type(value, __u8);
} denied SEC(".maps");

SEC("tc")
int deny(struct __sk_buff *packet) {
  __be32 destination;

#if RELEASE >= 2
  if (packet->protocol == bpf_htons(ETH_P_IPV6))
    return TC_ACT_SHOT;
#endif
  if (packet->protocol != bpf_htons(ETH_P_IP))
    return NEXT;
  if (bpf_skb_load_bytes(packet, ETH_HLEN + __builtin_offsetof(struct iphdr, daddr), &destination,
                         sizeof(destination)))
    return NEXT;
  return bpf_map_lookup_elem(&denied, &destination) ? TC_ACT_SHOT : NEXT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
