// Sections of tracing that need nothing of the kernel when they are loaded.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 0; }
P(point, "tracepoint/sched/sched_switch") P(short_point, "tp/syscalls/sys_enter_openat")
P(raw, "raw_tracepoint/sched_switch") P(short_raw, "raw_tp/sched_switch")
P(samples, "perf_event")
