// CO-RE relocations of stores, which patch the offset and, for unsigned fields, the width.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define RELOCATED __attribute__((preserve_access_index))

// The kernel has tv_sec first.
struct timespec64 {
  long tv_nsec;
  long long tv_sec;
} RELOCATED;

struct iovec {
  unsigned int iov_len;
  void *iov_base;
} RELOCATED;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, unsigned int);
  __type(value, char[64]);
} buffers SEC(".maps");

SEC("xdp")
int stores(struct xdp_md *ctx) {
  unsigned int key = 0;
  struct timespec64 *time = bpf_map_lookup_elem(&buffers, &key);
  if (!time) return XDP_PASS;
  time->tv_sec = 5;
  time->tv_nsec = (long)ctx->data_end - (long)ctx->data;
  struct iovec *vector = (void *)time;
  vector->iov_len = ctx->ingress_ifindex;
  vector->iov_len += 3;
  vector->iov_base = 0;
  return XDP_PASS;
}

SEC("socket")
int filter(struct __sk_buff *skb) {
  unsigned int key = 0;
  struct iovec *vector = bpf_map_lookup_elem(&buffers, &key);
  return vector ? vector[1].iov_len : 0;
}

char _license[] SEC("license") = "GPL";
