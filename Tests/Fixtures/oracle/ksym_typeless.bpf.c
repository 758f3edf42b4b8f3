// The addresses of symbols, with one that nobody has.
#include "common.h"
extern const void jiffies __ksym;
extern const void no_such_symbol __ksym __weak;
SEC("tp_btf/sched_switch") int sum(void *context) {
  return ((long)&jiffies >> 60) + (&no_such_symbol ? 1 : 2);
}
