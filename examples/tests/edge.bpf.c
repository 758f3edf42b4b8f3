// SPDX-License-Identifier: Apache-2.0
//
// What the tests in manifest.yaml try: an XDP program that drops TCP ports and counts, one that it
// tail-calls for IPv6, a TC program that marks packets and lowers their TTL, and a socket lookup.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct verdict {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be16);
  __type(value, __u8);
} closed_ports SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 5);
  __type(key, __u32);
  __type(value, struct verdict);
} verdicts SEC(".maps");

int filter_ipv6(struct xdp_md *context);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __array(values, int(void *));
} families SEC(".maps") = {.values = {[0] = (void *)&filter_ipv6}};

const volatile __u32 mark = 7;
__u64 seen;

static __always_inline int count(struct xdp_md *context, __u32 verdict) {
  struct verdict *counter = bpf_map_lookup_elem(&verdicts, &verdict);
  if (counter) {
    counter->packets += 1;
    counter->bytes += context->data_end - context->data;
  }
  return verdict;
}

static __always_inline int port(struct xdp_md *context, struct tcphdr *tcp) {
  if ((void *)(tcp + 1) > (void *)(long)context->data_end)
    return count(context, XDP_PASS);
  __be16 destination = tcp->dest;
  return count(context, bpf_map_lookup_elem(&closed_ports, &destination) ? XDP_DROP : XDP_PASS);
}

SEC("xdp")
int filter(struct xdp_md *context) {
  void *end = (void *)(long)context->data_end;
  struct ethhdr *ethernet = (void *)(long)context->data;
  struct iphdr *ip = (void *)(ethernet + 1);

  seen += 1;
  if ((void *)ip > end)
    return count(context, XDP_DROP);
  if (ethernet->h_proto == bpf_htons(ETH_P_IPV6))
    bpf_tail_call(context, &families, 0);
  if (ethernet->h_proto != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end || ip->ihl != 5 ||
      ip->protocol != IPPROTO_TCP)
    return count(context, XDP_PASS);
  return port(context, (void *)(ip + 1));
}

SEC("xdp")
int filter_ipv6(struct xdp_md *context) {
  struct ethhdr *ethernet = (void *)(long)context->data;
  struct ipv6hdr *ip = (void *)(ethernet + 1);

  if ((void *)(ip + 1) > (void *)(long)context->data_end || ip->nexthdr != IPPROTO_TCP)
    return count(context, XDP_PASS);
  return port(context, (void *)(ip + 1));
}

SEC("tcx/ingress")
int police(struct __sk_buff *context) {
  struct ethhdr *ethernet = (void *)(long)context->data;
  struct iphdr *ip = (void *)(ethernet + 1);

  if ((void *)(ip + 1) > (void *)(long)context->data_end ||
      ethernet->h_proto != bpf_htons(ETH_P_IP))
    return TC_ACT_UNSPEC;
  if (ip->ttl <= 1)
    return TC_ACT_SHOT;
  context->mark = mark;
  // The TTL is the upper half of its word.
  __u32 sum = ip->check + bpf_htons(0x0100);
  ip->ttl -= 1;
  ip->check = sum + (sum >> 16);
  return TC_ACT_UNSPEC;
}

SEC("sk_lookup")
int steer(struct bpf_sk_lookup *context) {
  return context->local_port == 7777 ? SK_DROP : SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
