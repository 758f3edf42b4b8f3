// Functions and variables of the kernel, and its configuration.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
  int pid;
};

extern struct task_struct *bpf_task_from_pid(int) __ksym;
extern void bpf_task_release(struct task_struct *) __ksym;
extern const void jiffies __ksym __weak;
extern bool LINUX_HAS_BPF_COOKIE __kconfig;
extern int LINUX_KERNEL_VERSION __kconfig;

__u64 address;

SEC("tp_btf/sched_switch")
int uses_all(void *ctx) {
  struct task_struct *task = bpf_task_from_pid(1);
  if (task) bpf_task_release(task);
  address = (__u64)&jiffies;
  return LINUX_HAS_BPF_COOKIE ? LINUX_KERNEL_VERSION : 0;
}

char _license[] SEC("license") = "GPL";
