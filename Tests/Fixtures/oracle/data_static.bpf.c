// Variables that nobody sees by name.
#include "common.h"
static volatile int counter = 5;
static volatile int nothing;
static const volatile int limit = 10;
SEC("socket") int count(void *context) {
  nothing++;
  return counter++ < limit;
}
