// refused: this kernel has no struct_ops operations_of_no_kernel
#include "common.h"
struct operations_of_no_kernel { int (*run)(void *); };
SEC("struct_ops") int run(void *context) { return 0; }
SEC(".struct_ops.link") struct operations_of_no_kernel operations = {.run = (void *)run};
