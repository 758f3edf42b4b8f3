// refused: which is not defined
#include "common.h"
extern int elsewhere(int);
SEC("socket") int calls(void *context) { return elsewhere(1); }
