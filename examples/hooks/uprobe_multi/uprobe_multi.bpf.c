// SPDX-License-Identifier: Apache-2.0
//
// Many functions of a library by one link: their calls are counted in the slot that the cookie names.
// The second release (-DRELEASE=2) leaves out init.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} calls SEC(".maps");

SEC("uprobe.multi")
int count(void *context) {
  __u32 slot = bpf_get_attach_cookie(context);

#if RELEASE >= 2
  if (bpf_get_current_pid_tgid() >> 32 == 1)
    return 0;
#endif
  __u64 *count = bpf_map_lookup_elem(&calls, &slot);
  if (count)
    __sync_fetch_and_add(count, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
