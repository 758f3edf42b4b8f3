// refused: this kernel has no function bpf_of_no_kernel
#include "common.h"
extern int bpf_of_no_kernel(int) __ksym;
SEC("tc") int calls(void *context) { return bpf_of_no_kernel(1); }
