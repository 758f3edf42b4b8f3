// SPDX-License-Identifier: Apache-2.0
//
// A uprobe: a function of the C library is about to run, in whatever program. Calls of getaddrinfo(3)
// are counted. The second release (-DRELEASE=2) counts those of root and of other users.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} asked SEC(".maps");

SEC("uprobe")
int count(void *context) {
  __u32 slot = 0;

#if RELEASE >= 2
  slot = (__u32)bpf_get_current_uid_gid() != 0;
#endif
  __u64 *calls = bpf_map_lookup_elem(&asked, &slot);
  if (calls)
    __sync_fetch_and_add(calls, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
