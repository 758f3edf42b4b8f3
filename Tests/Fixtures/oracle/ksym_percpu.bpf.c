// Variables of each CPU.
#include "common.h"
struct rq { unsigned nr_running; } __attribute__((preserve_access_index));
extern const struct rq runqueues __ksym;
SEC("tp_btf/sched_switch") int reads(void *context) {
  const struct rq *queue = bpf_per_cpu_ptr(&runqueues, 0);
  return queue ? queue->nr_running : 0;
}
