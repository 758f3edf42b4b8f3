// refused: GPL
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("socket") int print(void *context) {
  static const char text[] = "x";
  return bpf_trace_printk(text, sizeof(text));
}
char _license[] SEC("license") = "Proprietary";
