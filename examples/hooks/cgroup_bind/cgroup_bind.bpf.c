// SPDX-License-Identifier: Apache-2.0
//
// bind(2), before it looks at the address: port 80 becomes port 8080, for servers that cannot be told
// another. The second release (-DRELEASE=2) does the same with port 443.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ALLOW 1

static __always_inline int move(struct bpf_sock_addr *context) {
  if (context->user_port == bpf_htons(80))
    context->user_port = bpf_htons(8080);
#if RELEASE >= 2
  if (context->user_port == bpf_htons(443))
    context->user_port = bpf_htons(8443);
#endif
  return ALLOW;
}

SEC("cgroup/bind4")
int bind4(struct bpf_sock_addr *context) { return move(context); }

SEC("cgroup/bind6")
int bind6(struct bpf_sock_addr *context) { return move(context); }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
