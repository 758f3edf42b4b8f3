// refused: has no member no_such_operation | has no such member
#include "common.h"
struct tcp_congestion_ops {
  unsigned (*no_such_operation)(void *);
  char name[16];
};
SEC("struct_ops") unsigned nothing(void *context) { return 0; }
SEC(".struct_ops.link") struct tcp_congestion_ops congestion = {
  .no_such_operation = (void *)nothing, .name = "bpf_refused"};
