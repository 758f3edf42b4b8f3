// SPDX-License-Identifier: Apache-2.0
//
// recvmsg(2) and recvfrom(2) of UDP sockets, the other half of a redirection: what came from port 5353
// of the host itself seems to come from the name server 10.96.0.10. The second release (-DRELEASE=2)
// also knows the server on port 5354.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ALLOW 1

static __always_inline int is_server(__u32 port) {
#if RELEASE >= 2
  if (port == bpf_htons(5354))
    return 1;
#endif
  return port == bpf_htons(5353);
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *context) {
  if (context->user_ip4 == bpf_htonl(0x7f000001) && is_server(context->user_port)) {
    context->user_ip4 = bpf_htonl(0x0a60000a);
    context->user_port = bpf_htons(53);
  }
  return ALLOW;
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *context) {
  if (is_server(context->user_port))
    context->user_port = bpf_htons(53);
  return ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
