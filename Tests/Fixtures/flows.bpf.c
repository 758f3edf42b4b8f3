// Counts in a large hash, in global variables and in a per-CPU array, as fast as it can: 64 entries
// for each packet. With -DRELEASE=2 the values have one more field, and a variable stands before the
// others.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif
#ifndef ENTRIES
#define ENTRIES 100000
#endif

struct flow {
#if RELEASE > 1
  __u64 bytes;
#endif
  __u64 packets;
  __u32 last;
  __u32 owner;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, ENTRIES * RELEASE);
  __type(key, __u32);
  __type(value, struct flow);
} flows SEC(".maps");

// What was counted by which release, and the packets that `emit` sent and `count` is done with; stays.
enum { SENT = 2, DONE = 3 };

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} totals SEC(".maps");

#if RELEASE > 1
__u64 added_later;
#endif
__u64 updates;
__u32 level = 3;

static __always_inline void add(__u32 slot, __u64 number) {
  __u64 *total = bpf_map_lookup_elem(&totals, &slot);
  if (total)
    __sync_fetch_and_add(total, number);
}

SEC("xdp")
int count(struct xdp_md *context) {
  void *end = (void *)(long)context->data_end;
  __u32 *address = (void *)(long)context->data;
  __u64 done = 0;

  // The packets of `emit` are all ones; the kernel sends some of its own.
  if ((void *)(address + 1) > end || *address != 0x01010101)
    return XDP_PASS;

  for (int i = 0; i < 64; i++) {
    __u32 key = bpf_get_prandom_u32() % ENTRIES;
    struct flow *flow = bpf_map_lookup_elem(&flows, &key);
    if (!flow)
      continue;
    __sync_fetch_and_add(&flow->packets, 1);
    flow->last = key;
    done++;
  }
  __sync_fetch_and_add(&updates, done);
  add(RELEASE - 1, done);
  // The last thing: nothing of this packet comes after it.
  add(DONE, 1);
  return XDP_DROP;
}

// Sends a copy of its packet out of the interface whose index is in `mark`.
SEC("tc")
int emit(struct __sk_buff *packet) {
  // An error where the peer's ring is full.
  if (bpf_clone_redirect(packet, packet->mark, 0) == 0)
    add(SENT, 1);
  return 0;
}

char _license[] SEC("license") = "GPL";
