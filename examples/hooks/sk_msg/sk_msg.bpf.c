// SPDX-License-Identifier: Apache-2.0
//
// Messages on their way out of the sockets in a map: those that begin with "secret" are refused
// (EACCES). The sockets get into the map when their connections are established. The second release
// (-DRELEASE=2) refuses "SECRET" as well.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_SOCKHASH);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, __u64);
} sockets SEC(".maps");

SEC("sockops")
int collect(struct bpf_sock_ops *context) {
  __u32 port = context->local_port;

  if (context->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB)
    bpf_sock_hash_update(context, &sockets, &port, BPF_ANY);
  return 1;
}

SEC("sk_msg")
int filter(struct sk_msg_md *message) {
  static const char secret[] = "secret";

  if (bpf_msg_pull_data(message, 0, sizeof(secret) - 1, 0))
    return SK_PASS;
  char *data = message->data;
  if (data + sizeof(secret) - 1 > (char *)message->data_end)
    return SK_PASS;
#pragma unroll
  for (int i = 0; i < sizeof(secret) - 1; i++) {
#if RELEASE >= 2
    if ((data[i] | 0x20) != secret[i])
#else
    if (data[i] != secret[i])
#endif
      return SK_PASS;
  }
  return SK_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
