// Two maps that share their programs, one of a flavour of the structure.
#include "congestion.h"
struct tcp_congestion_ops___other {
  unsigned (*undo_cwnd)(struct sock *);
  unsigned (*ssthresh)(struct sock *);
  void (*cong_avoid)(struct sock *, unsigned, unsigned);
  unsigned no_such_member_of_the_kernel;
  char name[16];
};
CONGESTION(congestion, ".struct_ops.link", "bpf_shared");
SEC("struct_ops") unsigned other_undo(void *context) { return 3; }
SEC("struct_ops") unsigned other_threshold(void *context) { return 4; }
SEC("struct_ops") int other_avoid(void *context) { return 0; }
SEC(".struct_ops.link") struct tcp_congestion_ops___other other = {
  .undo_cwnd = (void *)other_undo,
  .ssthresh = (void *)other_threshold,
  .cong_avoid = (void *)other_avoid,
  .name = "bpf_other",
};
