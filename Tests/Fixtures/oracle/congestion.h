// A TCP congestion control, as far as it has to be there.
#pragma once
#include "common.h"

struct sock;

struct tcp_congestion_ops {
  unsigned (*ssthresh)(struct sock *);
  void (*cong_avoid)(struct sock *, unsigned, unsigned);
  unsigned (*undo_cwnd)(struct sock *);
  char name[16];
  void *owner;
};

#ifndef THRESHOLD
#define THRESHOLD 2
#endif

SEC("struct_ops/threshold") unsigned threshold(void *context) { return THRESHOLD; }
SEC("struct_ops") int avoid(void *context) { return 0; }
SEC("struct_ops/undo") unsigned undo(void *context) { return 2; }

#define CONGESTION(variable, section, called) \
  SEC(section) struct tcp_congestion_ops variable = { \
    .ssthresh = (void *)threshold, \
    .cong_avoid = (void *)avoid, \
    .undo_cwnd = (void *)undo, \
    .name = called, \
  }
