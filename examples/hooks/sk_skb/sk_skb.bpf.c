// SPDX-License-Identifier: Apache-2.0
//
// An echo server in the kernel: what the sockets in a map receive goes out of them again. The accepted
// connections of port 7777 get into the map when they are established. The second release
// (-DRELEASE=2) counts what it sends back.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_SOCKHASH);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, __u64);
} sockets SEC(".maps");

#if RELEASE >= 2
__u64 echoed;
#endif

SEC("sockops")
int collect(struct bpf_sock_ops *context) {
  __u32 port = context->remote_port;

  if (context->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB && context->local_port == 7777)
    bpf_sock_hash_update(context, &sockets, &port, BPF_ANY);
  return 1;
}

// A message is what has arrived.
SEC("sk_skb/stream_parser")
int parse(struct __sk_buff *buffer) {
  return buffer->len;
}

SEC("sk_skb/stream_verdict")
int echo(struct __sk_buff *buffer) {
  __u32 port = buffer->remote_port;

#if RELEASE >= 2
  __sync_fetch_and_add(&echoed, 1);
#endif
  return bpf_sk_redirect_hash(buffer, &sockets, &port, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
