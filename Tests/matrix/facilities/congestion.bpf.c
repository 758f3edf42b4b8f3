/* A TCP congestion control that never changes the window. Members are found by their names. */
struct sock {
} __attribute__((preserve_access_index));

struct tcp_congestion_ops {
  unsigned int (*ssthresh)(struct sock *);
  void (*cong_avoid)(struct sock *, unsigned int, unsigned int);
  unsigned int (*undo_cwnd)(struct sock *);
  char name[16];
};

__attribute__((section("struct_ops/threshold"), used)) unsigned int threshold(void *context) {
  return 2;
}

__attribute__((section("struct_ops/avoid"), used)) int avoid(void *context) { return 0; }

__attribute__((section("struct_ops/undo"), used)) unsigned int undo(void *context) { return 2; }

__attribute__((section(".struct_ops"), used)) struct tcp_congestion_ops congestion = {
    .ssthresh = (void *)threshold,
    .cong_avoid = (void *)avoid,
    .undo_cwnd = (void *)undo,
    .name = "bpf_probed",
};

__attribute__((section("license"), used)) char _license[] = "GPL";
