// Names that the kernel cuts.
#include "common.h"
MAP(a_name_of_more_than_fifteen_bytes, BPF_MAP_TYPE_ARRAY, __u32, __u32, 1, );
SEC("socket") int a_program_of_more_than_fifteen_bytes(void *context) {
  asm volatile("" ::"r"(&a_name_of_more_than_fifteen_bytes));
  return 0;
}
