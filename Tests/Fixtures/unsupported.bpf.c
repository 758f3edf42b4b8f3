// Programs that need what only the running kernel can resolve, next to one that does not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

extern void bpf_rcu_read_lock(void) __ksym;
extern const void jiffies __ksym;
extern unsigned CONFIG_HZ __kconfig;

struct task_struct {
  int pid;
} __attribute__((preserve_access_index));

__attribute__((noinline)) int helper(int x) {
  asm volatile("" : "+r"(x));
  return x;
}

SEC("tp_btf/sched_switch")
int calls_kfunc(void *ctx) {
  bpf_rcu_read_lock();
  return 0;
}

SEC("tp_btf/sched_switch")
int reads_ksym(void *ctx) { return helper((long)&jiffies); }

SEC("tp_btf/sched_switch")
int reads_config(void *ctx) { return CONFIG_HZ; }

SEC("tp_btf/sched_switch")
int relocates(struct task_struct **ctx) { return ctx[1]->pid; }

SEC("xdp")
int harmless(void *ctx) { return XDP_PASS; }

char _license[] SEC("license") = "GPL";
