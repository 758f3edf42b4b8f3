// SPDX-License-Identifier: Apache-2.0
//
// getsockopt(2), after the kernel has answered: the time to live (IP_TTL) of every socket seems to be
// 42. The second release (-DRELEASE=2) says so of the type of service, too.
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

#define ALLOW 1

static __always_inline int is_told(__s32 option) {
#if RELEASE >= 2
  if (option == IP_TOS)
    return 1;
#endif
  return option == IP_TTL;
}

SEC("cgroup/getsockopt")
int tell(struct bpf_sockopt *context) {
  __u8 *value = context->optval;

  if (context->level == IPPROTO_IP && is_told(context->optname) &&
      (void *)(value + 1) <= context->optval_end)
    *value = 42;
  return ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
