// An entry program and the eight that it tail-calls, one after the other. The entry writes its release
// into the packet, and each stage looks whether it is of the same.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif

enum { first_release, second_release, mixed, lost };

// How packets went through; stays.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} seen SEC(".maps");

#define STAGES(do) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8)
#define DECLARE(n) int stage_##n(struct xdp_md *context);
STAGES(DECLARE)

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 8);
  __uint(key_size, sizeof(__u32));
  __array(values, int(void *));
} stages SEC(".maps") = {
    .values =
        {
#define SLOT(n) [n - 1] = (void *)&stage_##n,
            STAGES(SLOT)},
};

static __always_inline int count(__u32 slot) {
  __u64 *counter = bpf_map_lookup_elem(&seen, &slot);
  if (counter)
    __sync_fetch_and_add(counter, 1);
  return XDP_DROP;
}

static __always_inline int step(struct xdp_md *context, int stage) {
  __u8 *data = (void *)(long)context->data;
  if ((void *)(data + 1) > (void *)(long)context->data_end)
    return XDP_DROP;
  if (stage == 0)
    *data = RELEASE;
  else if (*data != RELEASE)
    return count(mixed);
  if (stage == 8)
    return count(RELEASE - 1);
  bpf_tail_call(context, &stages, stage);
  return count(lost);
}

SEC("xdp")
int entry(struct xdp_md *context) { return step(context, 0); }

#define STAGE(n)                                                                                   \
  SEC("xdp")                                                                                       \
  int stage_##n(struct xdp_md *context) { return step(context, n); }
STAGES(STAGE)

// Sends a copy of its packet out of the interface whose index is in `mark`.
SEC("tc")
int emit(struct __sk_buff *packet) {
  bpf_clone_redirect(packet, packet->mark, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
