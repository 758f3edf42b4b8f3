// A program for counters: it counts its runs.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

SEC("perf_event")
int sample(void *context) {
  __u32 slot = 0;
  __u64 *counter = bpf_map_lookup_elem(&runs, &slot);
  if (counter)
    __sync_fetch_and_add(counter, 1);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
