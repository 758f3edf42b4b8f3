// Programs and maps of every kind that a manifest resolves: reached, unreached, bound, tail-called.
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct key {
  __u32 prefixlen;
  __be32 addr;
};

struct flow {
  __u64 packets;
  __u64 bytes;
};

enum verdict { ALLOW, DENY = 7 };

const volatile _Bool drop_icmp = 0;
const volatile enum verdict verdict = ALLOW;
const volatile __u16 ports[3] = {1, 2, 3};
__u64 limit = 100;
__u64 total;

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __type(key, struct key);
  __type(value, __u32);
  __uint(max_entries, 16);
  __uint(map_flags, BPF_F_NO_PREALLOC);
} blocklist SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __type(key, __u32);
  __type(value, struct flow);
  __uint(max_entries, 1024);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, 8);
} unreached SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
  __type(key, __u32);
  __type(value, struct bpf_devmap_val);
  __uint(max_entries, 8);
} ports_out SEC(".maps");

int tail(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(key_size, 4);
  __uint(max_entries, 4);
  __array(values, int(void *));
} tails SEC(".maps") = {
    .values = {[2] = (void *)&tail},
};

SEC("xdp")
int filter(struct xdp_md *ctx) {
  struct key key = {32, 0};
  __u32 flow = 1;
  if (bpf_map_lookup_elem(&blocklist, &key) || drop_icmp || verdict || ports[ctx->ingress_ifindex & 1])
    return XDP_DROP;
  if (bpf_map_lookup_elem(&flows, &flow))
    total += limit;
  bpf_tail_call(ctx, &tails, 2);
  return XDP_PASS;
}

SEC("xdp")
int tail(struct xdp_md *ctx) { return XDP_PASS; }

// What others may replace, and what they may not.
__attribute__((noinline)) int decide(struct xdp_md *ctx) {
  __asm__ volatile("" : : "r"(ctx));
  return XDP_PASS;
}

static __attribute__((noinline)) int hidden(struct xdp_md *ctx) {
  __asm__ volatile("" : : "r"(ctx));
  return XDP_PASS;
}

SEC("xdp")
int open(struct xdp_md *ctx) { return decide(ctx) + hidden(ctx) - XDP_PASS; }

SEC("freplace/decide")
int replacement(struct xdp_md *ctx) { return XDP_DROP; }

SEC("freplace/hidden")
int intruder(struct xdp_md *ctx) { return XDP_DROP; }

SEC("freplace")
int nameless(struct xdp_md *ctx) { return XDP_DROP; }

SEC("xdp")
int other(struct xdp_md *ctx) { return bpf_redirect_map(&ports_out, 1, 0); }

SEC("tcx/ingress")
int ingress(struct __sk_buff *skb) { return -1; }

SEC("tc")
int classic(struct __sk_buff *skb) { return -1; }

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx) { return 1; }

SEC("cgroup/skb")
int skb(struct __sk_buff *skb) { return 1; }

SEC("sk_lookup")
int lookup(struct bpf_sk_lookup *ctx) { return SK_PASS; }

SEC("netfilter")
int hook(void *ctx) { return 1; }

SEC("tracepoint/sched/sched_switch")
int switched(void *ctx) { return 0; }

SEC("raw_tp/sys_enter")
int entered(void *ctx) { return 0; }

SEC("tp_btf/sched_switch")
int traced(void *ctx) { return 0; }

SEC("tp_btf")
int untargeted(void *ctx) { return 0; }

SEC("fentry/do_exit")
int trampoline(void *ctx) { return 0; }

SEC("lsm.s/file_open")
int opened(void *ctx) { return 0; }

SEC("iter/task")
int tasks(void *ctx) { return 0; }

SEC("iter/bpf_map_elem")
int elements(void *ctx) { return 0; }

SEC("iter/cgroup")
int groups(void *ctx) { return 0; }

SEC("lsm_cgroup/socket_bind")
int bound(void *ctx) { return 1; }

SEC("kprobe/do_exit+0x8")
int probed(void *ctx) { return 0; }

SEC("kretprobe")
int returned(void *ctx) { return 0; }

SEC("ksyscall/nanosleep")
int slept(void *ctx) { return 0; }

SEC("uprobe/libc.so.6:malloc+4")
int allocated(void *ctx) { return 0; }

SEC("uretprobe//bin/bash:0x1234")
int prompted(void *ctx) { return 0; }

SEC("kprobe.multi/do_*")
int many(void *ctx) { return 0; }

SEC("usdt/libc.so.6:libc:setjmp")
int jumped(void *ctx) { return 0; }

SEC("perf_event")
int sampled(void *ctx) { return 0; }

char _license[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_SOCKMAP);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} sockets SEC(".maps");

SEC("sk_msg") int message(void *ctx) { return bpf_map_lookup_elem(&sockets, ctx) != 0; }
SEC("sk_skb") int stream(void *ctx) { return 1; }
SEC("sk_skb/stream_parser") int parser(void *ctx) { return 1; }
