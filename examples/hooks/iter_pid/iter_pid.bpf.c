// SPDX-License-Identifier: Apache-2.0
//
// An iterator of one process: who reads its pin gets a line for each file that the process has open. The
// second release (-DRELEASE=2) prints how many there are at the end.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct inode {
  unsigned long i_ino;
} __attribute__((preserve_access_index));

struct file {
  struct inode *f_inode;
} __attribute__((preserve_access_index));

struct task_struct {
  int tgid;
} __attribute__((preserve_access_index));

struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
  __u64 session_id;
  __u64 seq_num;
} __attribute__((preserve_access_index));

struct bpf_iter__task_file {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
  __u32 fd;
  struct file *file;
} __attribute__((preserve_access_index));

SEC("iter/task_file")
int list(struct bpf_iter__task_file *context) {
  struct task_struct *task = context->task;
  struct file *file = context->file;

  // The last call has none.
  if (!task || !file) {
#if RELEASE >= 2
    BPF_SEQ_PRINTF(context->meta->seq, "%llu files\n", context->meta->seq_num);
#endif
    return 0;
  }
  BPF_SEQ_PRINTF(context->meta->seq, "process %d: %u is inode %lu\n", task->tgid, context->fd,
                 BPF_CORE_READ(file, f_inode, i_ino));
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
