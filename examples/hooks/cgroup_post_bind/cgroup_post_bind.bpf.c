// SPDX-License-Identifier: Apache-2.0
//
// After bind(2) has found an address and a port: ports below 1024 are denied (EPERM). The second
// release (-DRELEASE=2) also denies the one of the X server.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define DENY 0
#define ALLOW 1

static __always_inline int judge(struct bpf_sock *socket) {
#if RELEASE >= 2
  if (socket->src_port == 6000)
    return DENY;
#endif
  return socket->src_port != 0 && socket->src_port < 1024 ? DENY : ALLOW;
}

SEC("cgroup/post_bind4")
int bound4(struct bpf_sock *socket) { return judge(socket); }

SEC("cgroup/post_bind6")
int bound6(struct bpf_sock *socket) { return judge(socket); }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
