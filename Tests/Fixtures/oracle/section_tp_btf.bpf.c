// A raw tracepoint whose arguments have types.
#include "common.h"
SEC("tp_btf/sched_switch") int switched(void *context) { return 0; }
