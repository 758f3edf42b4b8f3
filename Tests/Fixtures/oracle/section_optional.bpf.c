// A program that is loaded only when asked for.
#include "common.h"
SEC("?xdp") int optional(void *context) { return XDP_PASS; }
SEC("xdp") int always(void *context) { return XDP_DROP; }
