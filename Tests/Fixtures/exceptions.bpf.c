// An exception callback: nothing calls it, a tag on the program names it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int callback(__u64 cookie) {
  asm volatile("" : "+r"(cookie));
  return 1;
}

__attribute__((noinline)) int helper(int x) {
  asm volatile("" : "+r"(x));
  return x;
}

SEC("tc")
__attribute__((btf_decl_tag("exception_callback:callback")))
int guarded(struct __sk_buff *skb) { return helper(skb->len); }

char _license[] SEC("license") = "GPL";
