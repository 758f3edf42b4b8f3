// A sched_ext scheduler that leaves every decision to the kernel.
#include "oracle/common.h"
struct sched_ext_ops {
  char name[128];
};
SEC(".struct_ops.link") struct sched_ext_ops scheduler = {.name = "bpfapply_idle"};
