// SPDX-License-Identifier: Apache-2.0
//
// A session: the program runs when a function begins, and again when it ends. Both are counted. The
// second release (-DRELEASE=2) returns 1 at the beginning for init, and so does not see the end.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

// Newer kernels (7.2 does) pass the context; of the two the one is there whose type is the kernel's.
extern _Bool bpf_session_is_return(void *context) __ksym __weak;
extern _Bool bpf_session_is_return___without(void) __ksym __weak;

static __always_inline _Bool ends(void *context) {
  if (bpf_session_is_return)
    return bpf_session_is_return(context);
  return bpf_session_is_return___without();
}

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} calls SEC(".maps");

SEC("uprobe.session/libc.so.6:getuid")
int both(void *context) {
  __u32 slot = ends(context);
  __u64 *count = bpf_map_lookup_elem(&calls, &slot);
  if (count)
    __sync_fetch_and_add(count, 1);
#if RELEASE >= 2
  return bpf_get_current_pid_tgid() >> 32 == 1;
#else
  return 0;
#endif
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
