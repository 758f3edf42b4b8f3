// SPDX-License-Identifier: Apache-2.0
//
// getsockname(2): port 8080 of the host itself is told as port 80 of 10.96.0.1. The second release
// (-DRELEASE=2) does so with port 8081, too.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ALLOW 1

static __always_inline int is_server(__u32 port) {
#if RELEASE >= 2
  if (port == bpf_htons(8081))
    return 1;
#endif
  return port == bpf_htons(8080);
}

SEC("cgroup/getsockname4")
int name4(struct bpf_sock_addr *context) {
  if (context->user_ip4 == bpf_htonl(0x7f000001) && is_server(context->user_port)) {
    context->user_ip4 = bpf_htonl(0x0a600001);
    context->user_port = bpf_htons(80);
  }
  return ALLOW;
}

SEC("cgroup/getsockname6")
int name6(struct bpf_sock_addr *context) {
  if (is_server(context->user_port))
    context->user_port = bpf_htons(80);
  return ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
