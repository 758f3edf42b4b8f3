// A program that throws.
#include "common.h"
extern void bpf_throw(__u64 cookie) __attribute__((noreturn)) __ksym;
SEC("tc") int throws(struct __sk_buff *skb) {
  if (skb->len > 100) bpf_throw(1);
  return 0;
}
