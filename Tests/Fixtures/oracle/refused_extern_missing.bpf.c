// refused: this kernel has no symbol no_such_symbol
#include "common.h"
extern const void no_such_symbol __ksym;
SEC("socket") int reads(void *context) { return (long)&no_such_symbol >> 60; }
