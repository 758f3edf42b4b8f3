// SPDX-License-Identifier: Apache-2.0
//
// A raw tracepoint: the event before its fields are made, which is cheaper. Executed programs are
// counted. The second release (-DRELEASE=2) counts those of root and of other users.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} executed SEC(".maps");

SEC("raw_tracepoint/sched_process_exec")
int count(struct bpf_raw_tracepoint_args *context) {
  __u32 slot = 0;

#if RELEASE >= 2
  slot = (__u32)bpf_get_current_uid_gid() != 0;
#endif
  __u64 *programs = bpf_map_lookup_elem(&executed, &slot);
  if (programs)
    __sync_fetch_and_add(programs, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
