// SPDX-License-Identifier: Apache-2.0
//
// fentry: a function of the kernel's begins, and its arguments have its types. tcp_connect() sends the
// first packet of a connection; those are counted by the port that they go to. The second release
// (-DRELEASE=2) counts connections over IPv4 only.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct sock_common {
  __be16 skc_dport;
  unsigned short skc_family;
} __attribute__((preserve_access_index));

struct sock {
  struct sock_common __sk_common;
} __attribute__((preserve_access_index));

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 65536);
  __type(key, __u32);
  __type(value, __u64);
} opened SEC(".maps");

SEC("fentry/tcp_connect")
int BPF_PROG(count, struct sock *socket) {
  __u32 port = bpf_ntohs(socket->__sk_common.skc_dport);

#if RELEASE >= 2
  if (socket->__sk_common.skc_family != AF_INET)
    return 0;
#endif
  __u64 *connections = bpf_map_lookup_elem(&opened, &port);
  if (connections)
    __sync_fetch_and_add(connections, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
