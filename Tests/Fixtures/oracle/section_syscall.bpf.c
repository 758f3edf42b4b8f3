// A program that user space runs.
#include "common.h"
SEC("syscall") int run(void *context) { return 7; }
