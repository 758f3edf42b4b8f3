// A function that no kernel has, and one of another name.
#include "common.h"
extern int bpf_of_no_kernel(int) __ksym __weak;
extern void bpf_rcu_read_lock___mine(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym;
SEC("tp_btf/sched_switch") int maybe(void *context) {
  if (bpf_ksym_exists(bpf_of_no_kernel)) return bpf_of_no_kernel(1);
  bpf_rcu_read_lock___mine();
  bpf_rcu_read_unlock();
  return 0;
}
