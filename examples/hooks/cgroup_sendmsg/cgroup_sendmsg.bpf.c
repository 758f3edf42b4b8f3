// SPDX-License-Identifier: Apache-2.0
//
// sendmsg(2) and sendto(2) of unconnected UDP sockets: what goes to the name server 10.96.0.10 goes to
// port 5353 of the host itself. IPv6 is refused. The second release (-DRELEASE=2) refuses the address
// 0.0.0.0, and lets IPv6 go to the host itself.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define REFUSE 0
#define ALLOW 1

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *context) {
  if (context->user_ip4 == bpf_htonl(0x0a60000a) && context->user_port == bpf_htons(53)) {
    context->user_ip4 = bpf_htonl(0x7f000001);
    context->user_port = bpf_htons(5353);
  }
#if RELEASE >= 2
  if (context->user_ip4 == 0)
    return REFUSE;
#endif
  return ALLOW;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *context) {
#if RELEASE >= 2
  if (!context->user_ip6[0] && !context->user_ip6[1] && !context->user_ip6[2] &&
      context->user_ip6[3] == bpf_htonl(1))
    return ALLOW;
#endif
  return REFUSE;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
