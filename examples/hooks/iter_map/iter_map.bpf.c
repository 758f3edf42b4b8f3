// SPDX-License-Identifier: Apache-2.0
//
// An iterator of one map: who reads its pin gets a line for each element, in the program's own words.
// The second release (-DRELEASE=2) prints how many there are at the end.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} limits SEC(".maps");

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
  __u64 session_id;
  __u64 seq_num;
} __attribute__((preserve_access_index));

struct bpf_map;

struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
  void *key;
  void *value;
} __attribute__((preserve_access_index));

SEC("iter/bpf_map_elem")
int list(struct bpf_iter__bpf_map_elem *context) {
  __u32 *user = context->key;
  __u64 *limit = context->value;

  // The last call has no element.
  if (!user || !limit) {
#if RELEASE >= 2
    BPF_SEQ_PRINTF(context->meta->seq, "%llu users\n", context->meta->seq_num);
#endif
    return 0;
  }
  BPF_SEQ_PRINTF(context->meta->seq, "user %u: at most %llu bytes\n", *user, *limit);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
