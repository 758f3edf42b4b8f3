// Static and global subprograms, shared by two programs, callbacks, and data sections.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define noinline __attribute__((noinline))

const volatile __u32 limit = 7;
const volatile char tag_name[8] = "abc";
__u64 counter = 1;
__u32 zeroed;
static volatile __u32 hidden_count;
__u16 custom SEC(".data.custom") = 0x1234;
static const char secret[] SEC(".rodata.quiet") = "quiet";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 4);
} table SEC(".maps");

static noinline int deepest(int x) {
  hidden_count++;
  return x * 3 + limit;
}

static noinline int middle(int x) {
  int y = deepest(x) + 1;
  asm volatile("" : "+r"(y));
  return y + zeroed;
}

noinline int global_helper(int x) {
  volatile int y = x;
  return y + middle(y + 2) + custom;
}

__attribute__((visibility("hidden"))) noinline int hidden_helper(int x) {
  volatile int y = x;
  return y - 1;
}

struct bpf_map;

static int each(struct bpf_map *map, __u32 *key, __u64 *value, void *context) {
  *(int *)context += deepest(*value);
  return 0;
}

SEC("xdp")
int first(struct xdp_md *ctx) {
  int sum = global_helper(ctx->rx_queue_index);
  sum += hidden_helper(sum);
  bpf_for_each_map_elem(&table, each, &sum, 0);
  counter += sum;
  return sum > 10 ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int second(struct __sk_buff *skb) {
  __u32 key = 1;
  __u64 *value = bpf_map_lookup_elem(&table, &key);
  if (value) *value += middle(skb->len);
  return secret[skb->len & 3] + tag_name[skb->len & 7];
}

char _license[] SEC("license") = "Dual BSD/GPL";
