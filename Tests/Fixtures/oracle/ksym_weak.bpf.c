// A typed variable that no kernel has.
#include "common.h"
extern const int no_such_variable __ksym __weak;
SEC("tp_btf/sched_switch") int looks(void *context) {
  return &no_such_variable ? *(const int *)bpf_this_cpu_ptr(&no_such_variable) : 3;
}
