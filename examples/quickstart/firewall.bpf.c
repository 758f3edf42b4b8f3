// SPDX-License-Identifier: Apache-2.0
//
// An XDP firewall: packets from the sources in `blocklist` are dropped and counted by source.
// The second release (-DRELEASE=2) also drops pings above a size. Its maps and global variables are
// the same, so that it can take the place of the first one on a live interface.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif

// Set by the manifest (`globals`) before the program is loaded.
const volatile bool enabled = true;
const volatile __u16 max_ping_bytes = 1500;

struct network {
  __u32 prefixlen;
  __be32 addr;
};

struct traffic {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct network);
  __type(value, __u32);
} blocklist SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __be32);
  __type(value, struct traffic);
} dropped SEC(".maps");

static __always_inline void count(__be32 source, __u64 bytes) {
  struct traffic *traffic = bpf_map_lookup_elem(&dropped, &source);
  if (!traffic) {
    struct traffic none = {};
    bpf_map_update_elem(&dropped, &source, &none, BPF_NOEXIST);
    traffic = bpf_map_lookup_elem(&dropped, &source);
    if (!traffic)
      return;
  }
  __sync_fetch_and_add(&traffic->packets, 1);
  __sync_fetch_and_add(&traffic->bytes, bytes);
}

SEC("xdp")
int filter(struct xdp_md *context) {
  void *data = (void *)(long)context->data;
  void *end = (void *)(long)context->data_end;
  struct ethhdr *ethernet = data;
  struct iphdr *ip = data + sizeof(*ethernet);

  if (!enabled || (void *)(ip + 1) > end)
    return XDP_PASS;
  if (ethernet->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;

  struct network source = {.prefixlen = 32, .addr = ip->saddr};
  if (bpf_map_lookup_elem(&blocklist, &source)) {
    count(ip->saddr, end - data);
    return XDP_DROP;
  }

#if RELEASE >= 2
  if (ip->protocol == IPPROTO_ICMP && bpf_ntohs(ip->tot_len) > max_ping_bytes) {
    count(ip->saddr, end - data);
    return XDP_DROP;
  }
#endif
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
