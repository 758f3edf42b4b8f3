// Reads from the kernel's structures what helpers tell as well.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

// The order is not the kernel's.
struct task_struct {
  char comm[16];
  struct task_struct *group_leader;
  int tgid;
} __attribute__((preserve_access_index));

int group, identifier;
char first[4], name[16];

SEC("raw_tp/sched_switch")
int run(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  group = BPF_CORE_READ(task, group_leader, tgid);
  identifier = bpf_get_current_pid_tgid() >> 32;
  bpf_core_read(first, sizeof(first), &task->comm);
  bpf_get_current_comm(name, sizeof(name));
  return 0;
}

char _license[] SEC("license") = "GPL";
