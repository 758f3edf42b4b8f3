// A failed relocation that the program reaches: the verifier refuses it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
  int pid;
  int nowhere;
} __attribute__((preserve_access_index));

long out;

SEC("raw_tp/sched_switch")
int live(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  out = BPF_CORE_READ(task, pid);
  out += BPF_CORE_READ(task, nowhere);
  return 0;
}

char _license[] SEC("license") = "GPL";
