// The older storage of cgroup programs, for all CPUs and for each.
#include "common.h"
struct { __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE); __type(key, struct bpf_cgroup_storage_key); __type(value, __u64); } common_one SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE); __type(key, __u64); __type(value, __u64); } of_cpus SEC(".maps");
SEC("cgroup_skb/ingress") int uses(void *context) {
  __u64 *one = bpf_get_local_storage(&common_one, 0), *other = bpf_get_local_storage(&of_cpus, 0);
  return (*one + *other) & 1;
}
