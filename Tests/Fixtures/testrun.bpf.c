// A program of each type that the kernel runs as a test, beside those of examples/tests.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

struct network {
  __u32 length;
  __be32 address;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 16);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct network);
  __type(value, __u32);
} networks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 4);
  __type(value, __u32);
} jobs SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} limits SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __array(values, struct inner);
} tables SEC(".maps") = {.values = {&limits}};

static __always_inline void note(__u32 slot, __u64 value) {
  __u64 *counter = bpf_map_lookup_elem(&runs, &slot);
  if (counter)
    *counter += value;
}

// Moves the metadata by one, and the packet to where it came from.
SEC("xdp")
int reflect(struct xdp_md *context) {
  __u32 *metadata = (void *)(long)context->data_meta;
  __u8 *data = (void *)(long)context->data;
  note(0, context->ingress_ifindex);
  if ((void *)(metadata + 1) <= (void *)(long)context->data)
    *metadata += 1;
  if ((void *)(data + 12) > (void *)(long)context->data_end)
    return XDP_ABORTED;
  for (int i = 0; i < 6; i++) {
    __u8 byte = data[i];
    data[i] = data[i + 6];
    data[i + 6] = byte;
  }
  return XDP_TX;
}

// Takes from a queue, and looks into a map of maps.
SEC("xdp")
int containers(struct xdp_md *context) {
  __u32 job = 0, zero = 0;
  __u32 *inner = bpf_map_lookup_elem(&tables, &zero);
  if (!inner || bpf_map_pop_elem(&jobs, &job))
    return XDP_ABORTED;
  __u32 *limit = bpf_map_lookup_elem(inner, &zero);
  note(1, job);
  return limit && job > *limit ? XDP_DROP : XDP_PASS;
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *context) {
  struct network key = {.length = 32};
  if (bpf_skb_load_bytes(context, 16, &key.address, 4))
    return 0;
  return !bpf_map_lookup_elem(&networks, &key);
}

SEC("socket")
int sizes(struct __sk_buff *context) { return context->len; }

SEC("lwt_xmit")
int tunnel(struct __sk_buff *context) { return context->len > 100 ? BPF_DROP : BPF_OK; }

SEC("flow_dissector")
int dissect(struct __sk_buff *context) {
  struct bpf_flow_keys *keys = context->flow_keys;
  struct iphdr *ip = (void *)(long)context->data + (keys->nhoff & 0xff);
  if ((void *)(ip + 1) > (void *)(long)context->data_end)
    return BPF_DROP;
  keys->addr_proto = ETH_P_IP;
  keys->ip_proto = ip->protocol;
  keys->ipv4_src = ip->saddr;
  keys->thoff = keys->nhoff + 20;
  return BPF_OK;
}

SEC("raw_tp/sched_switch")
int arguments(struct bpf_raw_tracepoint_args *context) {
  note(2, context->args[1]);
  return context->args[0] == 7 ? 70 : -1;
}

struct request {
  __u32 number;
  __u32 answer;
};

SEC("syscall")
int answer(struct request *context) {
  context->answer = context->number * 2;
  return 3;
}

SEC("tracepoint/sched/sched_switch")
int switches(void *context) { return 0; }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
