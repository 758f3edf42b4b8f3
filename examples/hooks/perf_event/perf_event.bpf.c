// SPDX-License-Identifier: Apache-2.0
//
// A sampled counter: how often a CPU was found working. The second release (-DRELEASE=2) counts the
// samples of kernel threads by themselves.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u64);
} samples SEC(".maps");

SEC("perf_event")
int sample(void *context) {
  // 0: a process, 1: nothing, 2: a kernel thread
  __u32 slot = bpf_get_current_pid_tgid() == 0;

#if RELEASE >= 2
  char name[16];
  if (!slot && !bpf_get_current_comm(name, sizeof(name)) && name[0] == 'k')
    slot = 2;
#endif
  __u64 *count = bpf_map_lookup_elem(&samples, &slot);
  if (count)
    __sync_fetch_and_add(count, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
