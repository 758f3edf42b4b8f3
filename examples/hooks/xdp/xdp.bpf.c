// SPDX-License-Identifier: Apache-2.0
//
// XDP in the driver: packets from the sources in `blocked` are dropped, and counted there. The second
// release (-DRELEASE=2) counts bytes.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be32);
  __type(value, __u64);
} blocked SEC(".maps");

SEC("xdp")
int block(struct xdp_md *context) {
  void *data = (void *)(long)context->data;
  void *end = (void *)(long)context->data_end;
  struct ethhdr *ethernet = data;
  struct iphdr *ip = data + sizeof(*ethernet);

  if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  __u64 *hits = bpf_map_lookup_elem(&blocked, &ip->saddr);
  if (!hits)
    return XDP_PASS;
  __sync_fetch_and_add(hits, RELEASE == 1 ? 1 : end - data);
  return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
