// SPDX-License-Identifier: Apache-2.0
//
// A program that leaves a decision to others, and one that takes it: `verdict` lets all packets pass, and
// `block` takes its place while the program runs. The second release (-DRELEASE=2) counts what is dropped.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define BLOCKED 0x0a090003 // 10.9.0.3

// Global, so that it can be replaced, and not inlined, so that it is called.
__attribute__((noinline)) int verdict(struct xdp_md *context) {
  // Without this the compiler knows what comes out.
  volatile int action = XDP_PASS;
  return context ? action : XDP_ABORTED;
}

SEC("xdp")
int filter(struct xdp_md *context) { return verdict(context); }

#if RELEASE >= 2
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} dropped SEC(".maps");
#endif

SEC("freplace/verdict")
int block(struct xdp_md *context) {
  void *data = (void *)(long)context->data;
  void *end = (void *)(long)context->data_end;
  struct ethhdr *ethernet = data;
  struct iphdr *ip = data + sizeof(*ethernet);

  if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP) ||
      ip->saddr != bpf_htonl(BLOCKED))
    return XDP_PASS;
#if RELEASE >= 2
  __u32 slot = 0;
  __u64 *packets = bpf_map_lookup_elem(&dropped, &slot);
  if (packets)
    __sync_fetch_and_add(packets, 1);
#endif
  return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
