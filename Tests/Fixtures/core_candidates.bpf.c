// Several types of the kernel have the name: those that lack a field which is used are left out.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

// One has `ignore_cur_inode`, the other `restarted`; both have `stage`, at different offsets.
struct walk_control___one {
  _Bool ignore_cur_inode;
  int stage;
} __attribute__((preserve_access_index));

struct walk_control___other {
  int restarted;
  int stage;
} __attribute__((preserve_access_index));

long out[4];

SEC("raw_tp/sched_switch")
int narrowed(void *ctx) {
  struct walk_control___one *one = 0;
  struct walk_control___other *other = 0;
  out[0] = bpf_core_field_exists(one->ignore_cur_inode);
  out[1] = bpf_core_field_offset(one->stage);
  out[2] = bpf_core_field_exists(other->restarted);
  out[3] = bpf_core_field_offset(other->stage);
  return 0;
}

char _license[] SEC("license") = "GPL";
