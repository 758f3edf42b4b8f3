// Programs without functions beside them.
#include "common.h"
SEC("xdp") int pass(void *context) { return XDP_PASS; }
SEC("xdp") int drop(void *context) { return XDP_DROP; }
