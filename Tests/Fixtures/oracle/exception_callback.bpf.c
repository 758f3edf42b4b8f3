// A program that throws, and what then runs.
#include "common.h"
extern void bpf_throw(__u64 cookie) __attribute__((noreturn)) __ksym;
__noinline int caught(__u64 cookie) { return cookie + 5; }
SEC("tc") __attribute__((btf_decl_tag("exception_callback:caught"))) int
throws(struct __sk_buff *skb) {
  if (skb->len > 100) bpf_throw(1);
  return 0;
}
