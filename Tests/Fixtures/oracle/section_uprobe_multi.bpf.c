// Probes of many functions of programs.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 0; }
P(entry, "uprobe.multi//bin/sh:main*") P(leave, "uretprobe.multi//bin/sh:main*")
P(sleeps, "uprobe.multi.s//bin/sh:main*")
