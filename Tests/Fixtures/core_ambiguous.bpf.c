// Two types of the kernel have the name and the field, at different offsets: libbpf refuses.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct walk_control {
  int stage;
} __attribute__((preserve_access_index));

long out;

SEC("raw_tp/sched_switch")
int ambiguous(void *ctx) {
  struct walk_control *walk = 0;
  out = bpf_core_field_offset(walk->stage);
  return 0;
}

char _license[] SEC("license") = "GPL";
