// Functions passed by address, static and global, and a chain of subprograms in several orders.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define noinline __attribute__((noinline))

static noinline int leaf(int x) {
  asm volatile("" : "+r"(x));
  return x ^ 5;
}

static noinline int left(int x) {
  asm volatile("" : "+r"(x));
  return leaf(x) + 1;
}

static noinline int right(int x) {
  asm volatile("" : "+r"(x));
  return left(x) + leaf(x);
}

static long step(__u32 index, void *context) {
  *(int *)context += right(index);
  return 0;
}

long global_step(__u32 index, void *context) {
  return leaf(index) > 1000;
}

SEC("xdp")
int loops(struct xdp_md *ctx) {
  int sum = right(ctx->rx_queue_index);
  bpf_loop(4, step, &sum, 0);
  return sum + left(sum) > 3 ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int other_order(struct __sk_buff *skb) {
  int sum = leaf(skb->len);
  bpf_loop(2, step, &sum, 0);
  return left(sum) + right(sum) > 0;
}

char _license[] SEC("license") = "GPL";
