// Maps of many types, with every field that a definition can have.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct value {
  __u64 packets;
  __u32 mark;
};

#define MAP(name, kind, keytype, valuetype, count, ...) \
  struct { \
    __uint(type, BPF_MAP_TYPE_##kind); \
    __type(key, keytype); \
    __type(value, valuetype); \
    __uint(max_entries, count); \
    __VA_ARGS__ \
  } name SEC(".maps")

MAP(plain, HASH, __u32, struct value, 10, __uint(map_flags, BPF_F_NO_PREALLOC););
MAP(percpu, PERCPU_HASH, __u64, __u64, 7, );
MAP(percpu_slots, PERCPU_ARRAY, __u32, struct value, 3, );
MAP(recent, LRU_HASH, __u32, __u64, 100, __uint(map_flags, BPF_F_NO_COMMON_LRU););
MAP(recent_percpu, LRU_PERCPU_HASH, __u32, __u64, 100, );
MAP(slots, ARRAY, int, long, 4, __uint(map_flags, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG););

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(value_size, 12);
  __uint(max_entries, 5);
} waiting SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK);
  __type(value, struct value);
  __uint(max_entries, 5);
} piled SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 5000);
} odd_ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} every_cpu SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(key_size, 4);
  __uint(value_size, 80);
  __uint(max_entries, 16);
} traces SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, 8);
} devices SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct value);
} of_sockets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __type(value, __u32);
  __uint(max_entries, 64);
  __uint(map_extra, 5);
} seen SEC(".maps");

SEC("tc")
int uses(struct __sk_buff *skb) {
  __u32 key = 1;
  __u64 wide = 1;
  void *found[] = {
    bpf_map_lookup_elem(&plain, &key), bpf_map_lookup_elem(&percpu, &wide),
    bpf_map_lookup_elem(&percpu_slots, &key), bpf_map_lookup_elem(&recent, &key),
    bpf_map_lookup_elem(&recent_percpu, &key), bpf_map_lookup_elem(&slots, &key),
  };
  struct value value = {};
  bpf_map_push_elem(&waiting, &value, 0);
  bpf_map_push_elem(&piled, &value, 0);
  bpf_map_peek_elem(&seen, &key);
  bpf_ringbuf_output(&odd_ring, &value, sizeof(value), 0);
  bpf_perf_event_output(skb, &every_cpu, 0, &value, sizeof(value));
  if (skb->sk) {
    struct bpf_sock *full = bpf_sk_fullsock(skb->sk);
    if (full) bpf_sk_storage_get(&of_sockets, full, 0, 1);
  }
  int count = 0;
  for (int i = 0; i < 6; i++) count += found[i] != 0;
  return count;
}

char _license[] SEC("license") = "GPL";
