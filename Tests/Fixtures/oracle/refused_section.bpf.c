// refused: does not say what type
#include "common.h"
SEC("xpd") int pass(void *context) { return XDP_PASS; }
