// Variables of the kernel: with and without a type, of each CPU, and missing ones.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct rq {
  int cpu;
};
extern const int bpf_prog_active __ksym;
extern const struct rq runqueues __ksym;
extern const void jiffies __ksym;
extern const void init_task __ksym;
extern const void nobody_has_this __ksym __weak;
extern const int nobody_has_that __ksym __weak;

__u64 addresses[4];

SEC("raw_tp/sys_enter")
int typed(void *ctx) {
  int *active = bpf_per_cpu_ptr(&bpf_prog_active, 0);
  addresses[0] = active ? *active : 0;
  struct rq *queue = bpf_per_cpu_ptr(&runqueues, 1);
  addresses[1] = (__u64)queue;
  addresses[2] = *(int *)bpf_this_cpu_ptr(&bpf_prog_active);
  return 0;
}

SEC("raw_tp/sys_enter")
int typeless(void *ctx) {
  addresses[0] = (__u64)&jiffies;
  addresses[1] = (__u64)&init_task;
  if (&nobody_has_this) addresses[2] = (__u64)&nobody_has_this;
  if (&nobody_has_that) addresses[3] = *(int *)bpf_this_cpu_ptr(&nobody_has_that);
  return 0;
}

char _license[] SEC("license") = "GPL";
