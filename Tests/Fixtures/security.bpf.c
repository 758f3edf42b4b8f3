// Security hooks of a cgroup: two programs on one hook, and one on another.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifndef RELEASE
#define RELEASE 1
#endif

#define DENY 0
#define ALLOW 1
#define AF_NETLINK 16
#define AF_PACKET 17
#define AF_UNIX 1

struct socket;
struct sockaddr;

SEC("lsm_cgroup/socket_post_create")
int BPF_PROG(packets, struct socket *socket, int family) {
#if RELEASE >= 2
  if (family == AF_UNIX)
    return DENY;
#endif
  return family == AF_PACKET ? DENY : ALLOW;
}

SEC("lsm_cgroup/socket_post_create")
int BPF_PROG(routes, struct socket *socket, int family) {
  return family == AF_NETLINK ? DENY : ALLOW;
}

SEC("lsm_cgroup/socket_listen")
int BPF_PROG(servers, struct socket *socket, int backlog) { return backlog == 81 ? DENY : ALLOW; }

// For nothing that the kernel knows.
SEC("lsm_cgroup/no_such_hook")
int lost(void *context) { return ALLOW; }

char LICENSE[] SEC("license") = "GPL";
