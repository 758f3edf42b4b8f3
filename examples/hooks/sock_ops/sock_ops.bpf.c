// SPDX-License-Identifier: Apache-2.0
//
// What happens to the TCP sockets of a cgroup: established connections are counted, those made in slot
// 0, those accepted in slot 1. The second release (-DRELEASE=2) counts listeners in slot 2.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u64);
} connections SEC(".maps");

SEC("sockops")
int count(struct bpf_sock_ops *context) {
  __u32 slot;

  switch (context->op) {
  case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
    slot = 0;
    break;
  case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
    slot = 1;
    break;
#if RELEASE >= 2
  case BPF_SOCK_OPS_TCP_LISTEN_CB:
    slot = 2;
    break;
#endif
  default:
    return 1;
  }
  __u64 *sockets = bpf_map_lookup_elem(&connections, &slot);
  if (sockets)
    __sync_fetch_and_add(sockets, 1);
  return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
