// SPDX-License-Identifier: Apache-2.0
//
// An iterator: who reads its pin gets what it prints. This one goes through the kernel's threads and
// prints a line with the number and the name of each process. The second release (-DRELEASE=2) prints
// how many threads there are at the end.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct task_struct {
  int pid;
  int tgid;
  char comm[16];
} __attribute__((preserve_access_index));

struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
  __u64 session_id;
  __u64 seq_num;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
} __attribute__((preserve_access_index));

SEC("iter/task")
int list(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;

  if (!task) {
#if RELEASE >= 2
    BPF_SEQ_PRINTF(context->meta->seq, "%llu threads\n", context->meta->seq_num);
#endif
    return 0;
  }
  if (task->pid == task->tgid)
    BPF_SEQ_PRINTF(context->meta->seq, "process %d %s\n", task->pid, task->comm);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
