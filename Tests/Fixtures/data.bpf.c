// Global data of every kind of section, its contents, and what the compiler puts there itself.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile int limit = 42;
const volatile char name[12] = "constant";
const volatile struct {
  __u16 port;
  __u32 address[2];
} peer = {443, {0x0a000001, 0x0a000002}};
static const volatile __u64 hidden_constant = 0x1122334455667788;
__u64 counter = 7;
static volatile int hidden_counter = 9;
char buffer[64];
static volatile __u32 hidden_zero;
int special SEC(".data.special") = 5;
const volatile int fixed SEC(".rodata.fixed") = 6;
__hidden int shared_quietly = 3;

SEC("socket")
int reads(struct __sk_buff *skb) {
  char text[] = "a text on the stack that is copied from .rodata.str";
  bpf_trace_printk(text, sizeof(text));
  bpf_printk("format %d %d", limit, name[skb->len & 7]);
  counter += hidden_constant + peer.port + peer.address[skb->len & 1];
  hidden_counter += special + fixed + shared_quietly;
  hidden_zero++;
  buffer[skb->len & 63] = 1;
  return limit;
}

char _license[] SEC("license") = "GPL";
