// Programs for many places at once: each counts its runs in the slot that its cookie names.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#ifndef __TARGET_ARCH_arm64
#define __TARGET_ARCH_x86
#endif
#include <bpf/usdt.bpf.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

static __always_inline int count(__u32 slot) {
  __u64 *counter = bpf_map_lookup_elem(&runs, &slot);
  if (counter)
    __sync_fetch_and_add(counter, 1);
  return 0;
}

SEC("uprobe.multi")
int called(void *context) { return count(bpf_get_attach_cookie(context)); }

SEC("usdt")
int BPF_USDT(collected, int generation) {
  return count(bpf_usdt_cookie(ctx) + generation);
}

char LICENSE[] SEC("license") = "GPL";
