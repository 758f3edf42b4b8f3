// SPDX-License-Identifier: Apache-2.0
//
// Accounting of a cgroup's traffic: bytes received and sent by its sockets. The second release
// (-DRELEASE=2) lets nothing in that is longer than 9000 bytes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define DROP 0
#define PASS 1

enum { RECEIVED, SENT };

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} bytes SEC(".maps");

static __always_inline void count(__u32 direction, __u32 length) {
  __u64 *sum = bpf_map_lookup_elem(&bytes, &direction);
  if (sum)
    __sync_fetch_and_add(sum, length);
}

SEC("cgroup_skb/ingress")
int received(struct __sk_buff *packet) {
  count(RECEIVED, packet->len);
#if RELEASE >= 2
  if (packet->len > 9000)
    return DROP;
#endif
  return PASS;
}

SEC("cgroup_skb/egress")
int sent(struct __sk_buff *packet) {
  count(SENT, packet->len);
#if RELEASE >= 2
  if (packet->len > 9000)
    return DROP;
#endif
  return PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
