// SPDX-License-Identifier: Apache-2.0
//
// An iterator of cgroups: who reads its pin gets a line with the number and the name of each that it
// comes to. The second release (-DRELEASE=2) prints how many there are at the end.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct kernfs_node {
  const char *name;
  __u64 id;
} __attribute__((preserve_access_index));

struct cgroup {
  struct kernfs_node *kn;
} __attribute__((preserve_access_index));

struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
  __u64 session_id;
  __u64 seq_num;
} __attribute__((preserve_access_index));

struct bpf_iter__cgroup {
  struct bpf_iter_meta *meta;
  struct cgroup *cgroup;
} __attribute__((preserve_access_index));

SEC("iter/cgroup")
int list(struct bpf_iter__cgroup *context) {
  struct cgroup *cgroup = context->cgroup;

  // The last call has none.
  if (!cgroup) {
#if RELEASE >= 2
    BPF_SEQ_PRINTF(context->meta->seq, "%llu cgroups\n", context->meta->seq_num);
#endif
    return 0;
  }
  BPF_SEQ_PRINTF(context->meta->seq, "cgroup %llu %s\n", BPF_CORE_READ(cgroup, kn, id),
                 BPF_CORE_READ(cgroup, kn, name));
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
