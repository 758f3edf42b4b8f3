// Sections of probes: what they name is looked up when they are attached.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 0; }
P(entry, "kprobe/do_exit") P(leave, "kretprobe/do_exit") P(offset, "kprobe/do_exit+0x4")
P(call, "ksyscall/openat") P(back, "kretsyscall/openat")
P(user, "uprobe//bin/sh:main") P(user_leave, "uretprobe//bin/sh:main")
P(user_sleeps, "uprobe.s//bin/sh:main") P(probe, "usdt//bin/sh:provider:name")
