// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing below /proc/sys: nothing may be written. The second release (-DRELEASE=2) counts
// what was tried.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define DENY 0
#define ALLOW 1

__u64 denied = 0;

SEC("cgroup/sysctl")
int guard(struct bpf_sysctl *context) {
  if (!context->write)
    return ALLOW;
#if RELEASE >= 2
  __sync_fetch_and_add(&denied, 1);
#endif
  return DENY;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
