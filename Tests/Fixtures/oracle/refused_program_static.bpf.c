// refused: remove static
#include "common.h"
SEC("xdp") __attribute__((used)) static int pass(void *context) { return XDP_PASS; }
