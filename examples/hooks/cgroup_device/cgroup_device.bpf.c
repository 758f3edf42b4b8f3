// SPDX-License-Identifier: Apache-2.0
//
// open(2) and mknod(2) of devices: all but /dev/full (character device 1:7) may be used. The second
// release (-DRELEASE=2) denies /dev/mem as well.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define DENY 0
#define ALLOW 1
#define MEMORY_DEVICES 1

SEC("cgroup/dev")
int allow(struct bpf_cgroup_dev_ctx *context) {
  if ((context->access_type & 0xffff) != BPF_DEVCG_DEV_CHAR || context->major != MEMORY_DEVICES)
    return ALLOW;
#if RELEASE >= 2
  if (context->minor == 1)
    return DENY;
#endif
  return context->minor == 7 ? DENY : ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
