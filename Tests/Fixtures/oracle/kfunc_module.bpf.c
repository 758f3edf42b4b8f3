// module: nf_conntrack
// Functions of a module, which are called through the descriptor of its types.
#include "common.h"
struct nf_conn;
struct options { int netns_id, error; unsigned char l4proto, dir, reserved[2]; };
extern struct nf_conn *bpf_skb_ct_lookup(
    struct __sk_buff *, struct bpf_sock_tuple *, __u32, struct options *, __u32) __ksym;
extern void bpf_ct_release(struct nf_conn *) __ksym;
SEC("tc") int looks(struct __sk_buff *skb) {
  struct bpf_sock_tuple tuple = {};
  struct options options = {.netns_id = -1, .l4proto = 6};
  struct nf_conn *found =
      bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &options, sizeof(options));
  if (found) bpf_ct_release(found);
  return found != 0;
}
