// Strings, which stand in mergeable sections.
#include "common.h"
SEC("socket") int print(void *context) {
  static const char format[] = "a %d";
  const char *text = "some text that is too long to be put together from numbers in registers";
  bpf_trace_printk(format, sizeof(format), text[bpf_get_prandom_u32() & 15]);
  return 0;
}
