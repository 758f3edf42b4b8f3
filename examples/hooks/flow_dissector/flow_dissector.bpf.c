// SPDX-License-Identifier: Apache-2.0
//
// Called when the kernel wants to know the flow of a packet (for fair queueing, RPS, flower). IPv4
// without options is one flow for each pair of addresses, whatever the ports; the rest has none. The
// second release (-DRELEASE=2) counts what has none, too.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} dissected SEC(".maps");

static __always_inline void count(__u32 kind) {
  __u64 *packets = bpf_map_lookup_elem(&dissected, &kind);
  if (packets)
    __sync_fetch_and_add(packets, 1);
}

SEC("flow_dissector")
int dissect(struct __sk_buff *packet) {
  struct bpf_flow_keys *keys = packet->flow_keys;
  struct iphdr ip;

  if (keys->n_proto != bpf_htons(ETH_P_IP) ||
      bpf_skb_load_bytes(packet, keys->thoff, &ip, sizeof(ip))) {
#if RELEASE >= 2
    count(1);
#endif
    return BPF_DROP;
  }
  count(0);
  keys->addr_proto = ETH_P_IP;
  keys->ipv4_src = ip.saddr;
  keys->ipv4_dst = ip.daddr;
  keys->ip_proto = ip.protocol;
  keys->thoff += sizeof(ip);
  return BPF_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
