// refused: no arena is declared
#include "common.h"
int __attribute__((address_space(1))) lonely = 1;
SEC("syscall") int reads(void *context) { return lonely; }
