// Probes of many functions.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 0; }
P(entry, "kprobe.multi/do_*") P(leave, "kretprobe.multi/do_*")
