// SPDX-License-Identifier: Apache-2.0
//
// XDP in the stack (`mode: generic`): works on every interface, after the packet has got its buffer.
// Pings above a size are dropped. The second release (-DRELEASE=2) counts them.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// Set by the manifest (`globals`) before the program is loaded.
const volatile __u16 max_ping_bytes = 1500;

__u64 dropped = 0;

SEC("xdp")
int limit(struct xdp_md *context) {
  void *data = (void *)(long)context->data;
  void *end = (void *)(long)context->data_end;
  struct ethhdr *ethernet = data;
  struct iphdr *ip = data + sizeof(*ethernet);

  if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  if (ip->protocol != IPPROTO_ICMP || bpf_ntohs(ip->tot_len) <= max_ping_bytes)
    return XDP_PASS;
#if RELEASE >= 2
  __sync_fetch_and_add(&dropped, 1);
#endif
  return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
