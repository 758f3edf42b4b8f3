// CO-RE relocations in functions that programs call: they move with the code.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
  int pid;
  int tgid;
  struct task_struct *real_parent;
} __attribute__((preserve_access_index));

long out[4];

static __attribute__((noinline)) int parent(struct task_struct *task) {
  return BPF_CORE_READ(task, real_parent, tgid);
}

__attribute__((noinline)) int identifier(int both) {
  struct task_struct *task = (void *)bpf_get_current_task();
  if (both) out[1] = parent(task);
  return BPF_CORE_READ(task, pid);
}

static long each(unsigned int index, void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  out[index & 3] = BPF_CORE_READ(task, tgid);
  return 0;
}

SEC("raw_tp/sched_switch")
int first(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  out[0] = identifier(1) + BPF_CORE_READ(task, tgid);
  bpf_loop(2, each, 0, 0);
  return 0;
}

SEC("raw_tp/sched_wakeup")
int second(void *ctx) {
  out[2] = parent((void *)bpf_get_current_task());
  return 0;
}

char _license[] SEC("license") = "GPL";
