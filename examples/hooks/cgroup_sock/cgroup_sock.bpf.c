// SPDX-License-Identifier: Apache-2.0
//
// socket(2) and the end of sockets: raw ones cannot be made, the others are counted as long as they
// are open. The second release (-DRELEASE=2) denies ICMP sockets as well.
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

#define DENY 0
#define ALLOW 1
#define SOCK_RAW 3

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __s64);
} open SEC(".maps");

static __always_inline void count(__s64 difference) {
  __u32 slot = 0;
  __s64 *sockets = bpf_map_lookup_elem(&open, &slot);
  if (sockets)
    __sync_fetch_and_add(sockets, difference);
}

SEC("cgroup/sock_create")
int create(struct bpf_sock *socket) {
  if (socket->type == SOCK_RAW)
    return DENY;
#if RELEASE >= 2
  if (socket->protocol == IPPROTO_ICMP)
    return DENY;
#endif
  count(1);
  return ALLOW;
}

SEC("cgroup/sock_release")
int release(struct bpf_sock *socket) {
#if RELEASE >= 2
  if (socket->type == SOCK_RAW)
    return ALLOW;
#endif
  count(-1);
  return ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
