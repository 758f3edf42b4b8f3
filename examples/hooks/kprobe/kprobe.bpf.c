// SPDX-License-Identifier: Apache-2.0
//
// A kprobe: tcp_v4_connect() is about to run. Connections that the host opens are counted. The second
// release (-DRELEASE=2) counts those of root and of other users.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} opened SEC(".maps");

SEC("kprobe")
int count(void *context) {
  __u32 slot = 0;

#if RELEASE >= 2
  slot = (__u32)bpf_get_current_uid_gid() != 0;
#endif
  __u64 *connections = bpf_map_lookup_elem(&opened, &slot);
  if (connections)
    __sync_fetch_and_add(connections, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
