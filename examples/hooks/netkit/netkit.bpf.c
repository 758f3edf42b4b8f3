// SPDX-License-Identifier: Apache-2.0
//
// What the peer of a netkit pair sends (Linux 6.7): packets to the destinations in `denied` are dropped
// before they leave the container. The second release (-DRELEASE=2) lets no IPv6 out at all.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// NETKIT_NEXT: the next program on the hook decides. NETKIT_DROP
#define NEXT -1
#define DROP 2

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be32);
  __type(value, __u8);
} denied SEC(".maps");

SEC("netkit/peer")
int deny(struct __sk_buff *packet) {
  __be32 destination;

#if RELEASE >= 2
  if (packet->protocol == bpf_htons(ETH_P_IPV6))
    return DROP;
#endif
  if (packet->protocol != bpf_htons(ETH_P_IP))
    return NEXT;
  if (bpf_skb_load_bytes_relative(packet, __builtin_offsetof(struct iphdr, daddr), &destination,
                                  sizeof(destination), BPF_HDR_START_NET))
    return NEXT;
  return bpf_map_lookup_elem(&denied, &destination) ? DROP : NEXT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
