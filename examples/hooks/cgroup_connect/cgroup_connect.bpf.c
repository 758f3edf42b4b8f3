// SPDX-License-Identifier: Apache-2.0
//
// connect(2) of a cgroup's processes: who connects to a service gets its server. IPv6 is refused, so
// that nobody goes around it. The second release (-DRELEASE=2) lets IPv6 go to the host itself.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define REFUSE 0
#define ALLOW 1

// Packed, since the bytes of padding would be part of the key.
struct place {
  __be32 address;
  __be16 port;
} __attribute__((packed));

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct place);
  __type(value, struct place);
} services SEC(".maps");

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *context) {
  struct place wanted = {.address = context->user_ip4, .port = context->user_port};
  struct place *server = bpf_map_lookup_elem(&services, &wanted);

  if (server) {
    context->user_ip4 = server->address;
    context->user_port = server->port;
  }
  return ALLOW;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *context) {
#if RELEASE >= 2
  if (!context->user_ip6[0] && !context->user_ip6[1] && !context->user_ip6[2] &&
      context->user_ip6[3] == bpf_htonl(1))
    return ALLOW;
#endif
  return REFUSE;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
