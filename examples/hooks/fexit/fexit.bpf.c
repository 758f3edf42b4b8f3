// SPDX-License-Identifier: Apache-2.0
//
// fexit: a function of the kernel's is over, and its arguments and its result are at hand. Calls of
// tcp_v4_connect() are counted by their error number; 0 is success. The second release (-DRELEASE=2)
// does not count those of threads of the kernel, which belong to no process.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4096);
  __type(key, __u32);
  __type(value, __u64);
} results SEC(".maps");

SEC("fexit/tcp_v4_connect")
int BPF_PROG(count, void *socket, void *address, int length, int result) {
  __u32 error = -result;

#if RELEASE >= 2
  if (bpf_get_current_pid_tgid() >> 32 == 0)
    return 0;
#endif
  __u64 *calls = bpf_map_lookup_elem(&results, &error);
  if (calls)
    __sync_fetch_and_add(calls, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
