// SPDX-License-Identifier: Apache-2.0
//
// A security module for the processes of a cgroup: sockets that see all packets of the host (packet(7))
// are denied to them, root's too. The second release (-DRELEASE=2) also denies those of the kernel's
// cryptography. Hooks of cgroups (cgroup/sock_create) are asked for IP sockets only.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define DENY 0
#define ALLOW 1

#define AF_PACKET 17
#define AF_ALG 38

struct socket;

SEC("lsm_cgroup/socket_post_create")
int BPF_PROG(deny, struct socket *socket, int family, int type, int protocol, int kern) {
  // The kernel's own, which it makes for others.
  if (kern)
    return ALLOW;
#if RELEASE >= 2
  if (family == AF_ALG)
    return DENY;
#endif
  return family == AF_PACKET ? DENY : ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
