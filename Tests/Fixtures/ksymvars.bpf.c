// Variables of the kernel with their types, one for each CPU. They need a kernel with
// CONFIG_KALLSYMS_ALL.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct rq {
  int cpu;
};
extern const int bpf_prog_active __ksym;
extern const struct rq runqueues __ksym;

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

char _license[] SEC("license") = "GPL";
