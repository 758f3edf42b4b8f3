// Hidden functions are verified where they are called.
#include "common.h"
__hidden __noinline int of_pointer(int *x) { return *x * 2; }
SEC("socket") int one(void *context) {
  int number = 4;
  asm volatile("" : "+m"(number));
  return of_pointer(&number);
}
