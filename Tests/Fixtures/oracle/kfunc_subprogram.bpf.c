// A subprogram that calls the kernel.
#include "common.h"
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
static __noinline int inside(void) {
  bpf_rcu_read_lock();
  bpf_rcu_read_unlock();
  return 1;
}
SEC("tp_btf/sched_switch") int locks(void *context) { return inside(); }
SEC("socket") int other(void *context) { return 0; }
