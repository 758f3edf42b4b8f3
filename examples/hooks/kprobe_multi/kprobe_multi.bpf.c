// SPDX-License-Identifier: Apache-2.0
//
// Many functions of the kernel by one link: their calls are counted. The second release (-DRELEASE=2)
// leaves out init.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} calls SEC(".maps");

SEC("kprobe.multi")
int count(void *context) {
  __u32 slot = 0;

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
