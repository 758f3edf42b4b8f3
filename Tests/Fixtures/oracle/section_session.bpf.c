// Probes that see a call and its return.
#include "common.h"
SEC("kprobe.session/do_*") int kernel(void *context) { return 0; }
