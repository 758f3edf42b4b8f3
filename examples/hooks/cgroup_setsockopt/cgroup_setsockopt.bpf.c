// SPDX-License-Identifier: Apache-2.0
//
// setsockopt(2): a type of service (IP_TOS) other than 0 is denied. The second release (-DRELEASE=2)
// denies the time to live as well.
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

#define DENY 0
#define ALLOW 1

SEC("cgroup/setsockopt")
int guard(struct bpf_sockopt *context) {
  __u8 *value = context->optval;

  if (context->level != IPPROTO_IP)
    return ALLOW;
#if RELEASE >= 2
  if (context->optname == IP_TTL)
    return DENY;
#endif
  if (context->optname != IP_TOS || (void *)(value + 1) > context->optval_end)
    return ALLOW;
  return *value ? DENY : ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
