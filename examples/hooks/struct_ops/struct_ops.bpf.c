// SPDX-License-Identifier: Apache-2.0
//
// A structure of functions that the kernel calls: a TCP congestion control that sends with the same
// window whatever happens, for links that belong to one sender. The second release (-DRELEASE=2) halves
// the window when packets get lost.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define WINDOW 64

// As much of the kernel's types as is used; fields and members are found by their names.
struct sock;

struct tcp_sock {
  __u32 snd_cwnd;
} __attribute__((preserve_access_index));

struct tcp_congestion_ops {
  __u32 (*ssthresh)(struct sock *socket);
  void (*cong_avoid)(struct sock *socket, __u32 acknowledged, __u32 acked);
  __u32 (*undo_cwnd)(struct sock *socket);
  char name[16];
} __attribute__((preserve_access_index));

SEC("struct_ops")
__u32 BPF_PROG(threshold, struct sock *socket) {
#if RELEASE >= 2
  return WINDOW / 2;
#endif
  return WINDOW;
}

SEC("struct_ops")
void BPF_PROG(avoid, struct sock *socket, __u32 acknowledged, __u32 acked) {
  struct tcp_sock *connection = (struct tcp_sock *)socket;

  connection->snd_cwnd = WINDOW;
}

SEC("struct_ops")
__u32 BPF_PROG(undo, struct sock *socket) { return WINDOW; }

SEC(".struct_ops.link")
struct tcp_congestion_ops steady = {
    .ssthresh = (void *)threshold,
    .cong_avoid = (void *)avoid,
    .undo_cwnd = (void *)undo,
    .name = "bpf_steady",
};

char LICENSE[] SEC("license") = "Dual BSD/GPL";
