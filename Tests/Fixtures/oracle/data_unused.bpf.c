// Sections that no program refers to.
#include "common.h"
int unused = 1;
const volatile int unused_constant = 2;
int unused_zero;
SEC("socket") int nothing(void *context) { return 0; }
