// Symbols of the kernel: addresses, and missing ones.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern const void vfs_read __ksym;
extern const void vfs_write __ksym;
extern const void nobody_has_this __ksym __weak;
extern const int nobody_has_that __ksym __weak;

__u64 addresses[4];

SEC("raw_tp/sys_enter")
int typeless(void *ctx) {
  addresses[0] = (__u64)&vfs_read;
  addresses[1] = (__u64)&vfs_write;
  if (&nobody_has_this) addresses[2] = (__u64)&nobody_has_this;
  if (&nobody_has_that) addresses[3] = *(int *)bpf_this_cpu_ptr(&nobody_has_that);
  return 0;
}

char _license[] SEC("license") = "GPL";
