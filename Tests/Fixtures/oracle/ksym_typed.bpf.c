// Variables of the kernel with their types.
#include "common.h"
struct task_struct { int pid; } __attribute__((preserve_access_index));
extern const int bpf_prog_active __ksym;
SEC("tp_btf/sched_switch") int reads(void *context) {
  const int *count = bpf_this_cpu_ptr(&bpf_prog_active);
  return *count;
}
