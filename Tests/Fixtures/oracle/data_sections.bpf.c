// Variables in sections of all kinds.
#include "common.h"
int initialised = 1;
int zeros[10];
const volatile int constant = 3;
int mine SEC(".data.mine") = 4;
int zeroed SEC(".bss.zeroed");
const volatile int fixed SEC(".rodata.fixed") = 5;
SEC("socket") int sum(void *context) {
  initialised++;
  zeros[3]++;
  mine++;
  zeroed++;
  return constant + fixed;
}
