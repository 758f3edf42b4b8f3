// Programs at four kinds of hooks that count what passes them. With -DRELEASE=2 they count in other
// slots, so that it can be told which release saw a packet.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#ifndef RELEASE
#define RELEASE 1
#endif

const volatile __u32 weight = 1;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

// Addresses whose packets are dropped; the manifest says which.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __be32);
  __type(value, __u32);
} blocked SEC(".maps");

enum hook { AT_XDP, AT_TCX, AT_CGROUP, AT_EXEC };

static __always_inline void count(enum hook hook) {
  __u32 slot = hook * 2 + RELEASE - 1;
  __u64 *counter = bpf_map_lookup_elem(&counts, &slot);
  if (counter)
    __sync_fetch_and_add(counter, weight);
}

static __always_inline struct iphdr *echo_request(void *data, void *end) {
  struct ethhdr *ethernet = data;
  struct iphdr *ip = data + sizeof(*ethernet);
  __u8 *type = (void *)(ip + 1);

  if ((void *)(type + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
    return 0;
  return ip->protocol == IPPROTO_ICMP && *type == 8 ? ip : 0;
}

SEC("xdp")
int receive(struct xdp_md *context) {
  struct iphdr *ip = echo_request((void *)(long)context->data, (void *)(long)context->data_end);
  if (!ip)
    return XDP_PASS;
  count(AT_XDP);
  __be32 source = ip->saddr;
  return bpf_map_lookup_elem(&blocked, &source) ? XDP_DROP : XDP_PASS;
}

SEC("tcx/ingress")
int classify(struct __sk_buff *packet) {
  if (echo_request((void *)(long)packet->data, (void *)(long)packet->data_end))
    count(AT_TCX);
  return TC_ACT_UNSPEC;
}

SEC("cgroup_skb/egress")
int leave(struct __sk_buff *packet) {
  count(AT_CGROUP);
  return 1;
}

SEC("tracepoint/sched/sched_process_exec")
int execute(void *context) {
  count(AT_EXEC);
  return 0;
}

#ifdef CARELESS
// Reads a packet without a look at its length, which the verifier refuses.
SEC("xdp")
int careless(struct xdp_md *context) {
  char *data = (void *)(long)context->data;
  return data[3];
}
#endif

char LICENSE[] SEC("license") = "GPL";
