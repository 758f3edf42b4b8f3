// SPDX-License-Identifier: Apache-2.0
//
// A netfilter hook (Linux 6.4) at the place and priority that the manifest says: packets from 10.9.0.3
// are dropped. The second release (-DRELEASE=2) spares those of the loopback's network.
#include <linux/bpf.h>
#include <linux/ip.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define NF_DROP 0
#define NF_ACCEPT 1

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct sk_buff {
  unsigned char *head;
  __u16 network_header;
} __attribute__((preserve_access_index));

struct bpf_nf_ctx {
  const void *state;
  struct sk_buff *skb;
} __attribute__((preserve_access_index));

SEC("netfilter")
int drop(struct bpf_nf_ctx *context) {
  struct sk_buff *packet = context->skb;
  struct iphdr ip;

  if (bpf_probe_read_kernel(&ip, sizeof(ip), packet->head + packet->network_header))
    return NF_ACCEPT;
#if RELEASE >= 2
  if ((bpf_ntohl(ip.saddr) >> 24) == 127)
    return NF_ACCEPT;
#endif
  return ip.saddr == bpf_htonl(0x0a090003) ? NF_DROP : NF_ACCEPT;
}

char LICENSE[] SEC("license") = "GPL";
