// SPDX-License-Identifier: Apache-2.0
//
// A static probe of a program: Python says which generation of garbage it is about to collect. The
// second release (-DRELEASE=2) leaves out init.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
// The registers are those of the machine that it is compiled on; others need another define.
#ifndef __TARGET_ARCH_arm64
#define __TARGET_ARCH_x86
#endif
#include <bpf/usdt.bpf.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u64);
} collections SEC(".maps");

SEC("usdt")
int BPF_USDT(count, int generation) {
  __u32 slot = generation;

#if RELEASE >= 2
  if (bpf_get_current_pid_tgid() >> 32 == 1)
    return 0;
#endif
  __u64 *count = bpf_map_lookup_elem(&collections, &slot);
  if (count)
    __sync_fetch_and_add(count, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
