// SPDX-License-Identifier: Apache-2.0
//
// connect(2) and sendmsg(2) of unix sockets (Linux 6.7): datagrams are refused, and connections, too.
// The second release (-DRELEASE=2) lets the user 65534 connect. Programs for recvmsg_unix,
// getpeername_unix and getsockname_unix look the same.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define REFUSE 0
#define ALLOW 1

SEC("cgroup/connect_unix")
int connect(struct bpf_sock_addr *context) {
#if RELEASE >= 2
  if ((__u32)bpf_get_current_uid_gid() == 65534)
    return ALLOW;
#endif
  return REFUSE;
}

SEC("cgroup/sendmsg_unix")
int sendmsg(struct bpf_sock_addr *context) {
#if RELEASE >= 2
  if ((__u32)bpf_get_current_uid_gid() == 65534)
    return ALLOW;
#endif
  return REFUSE;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
