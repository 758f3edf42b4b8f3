// SPDX-License-Identifier: Apache-2.0
//
// Before the kernel looks for the socket of a new connection: those to a port in `closed` find none.
// The second release (-DRELEASE=2) leaves UDP alone.
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u8);
} closed SEC(".maps");

SEC("sk_lookup")
int close(struct bpf_sk_lookup *context) {
  __u32 port = context->local_port;

#if RELEASE >= 2
  if (context->protocol != IPPROTO_TCP)
    return SK_PASS;
#endif
  return bpf_map_lookup_elem(&closed, &port) ? SK_DROP : SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
