// Functions of the kernel: called, asked for, with a flavour, and missing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
  int pid;
};

extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_rcu_read_lock___other(void) __ksym __weak;
extern void bpf_nobody_has_this(int x) __ksym __weak;
extern void bpf_nobody_has_that(void) __ksym __weak;

static __attribute__((noinline)) void locked(void) {
  bpf_rcu_read_lock();
  bpf_rcu_read_unlock();
}

SEC("tp_btf/sched_switch")
int calls(void *ctx) {
  struct task_struct *task = bpf_task_from_pid(1);
  if (task) bpf_task_release(task);
  locked();
  return 0;
}

SEC("tp_btf/sched_switch")
int asks(void *ctx) {
  if (&bpf_nobody_has_this) bpf_nobody_has_this(1);
  if (&bpf_nobody_has_that) bpf_nobody_has_that();
  if (&bpf_rcu_read_lock___other) {
    bpf_rcu_read_lock___other();
    bpf_rcu_read_unlock();
  }
  return 0;
}

char _license[] SEC("license") = "GPL";
