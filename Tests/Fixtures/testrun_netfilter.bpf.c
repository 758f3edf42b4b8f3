// netfilter's programs need types that older headers have not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct nf_hook_state {
  __u8 hook;
  __u8 pf;
} __attribute__((preserve_access_index));

struct sk_buff {
  __u32 len;
} __attribute__((preserve_access_index));

struct bpf_nf_ctx {
  const struct nf_hook_state *state;
  struct sk_buff *skb;
} __attribute__((preserve_access_index));

SEC("netfilter")
int gate(struct bpf_nf_ctx *context) {
  if (context->state->pf == 10)
    return 0;
  return context->state->hook == 3 && context->skb->len < 100;
}

char LICENSE[] SEC("license") = "GPL";
