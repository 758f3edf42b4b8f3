// What the kernel was built with: every type that a setting can have, and settings that are not
// there.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

extern bool CONFIG_BPF __kconfig;
extern enum libbpf_tristate CONFIG_BPF_SYSCALL __kconfig;
extern char CONFIG_64BIT __kconfig;
extern int CONFIG_HZ __kconfig;
extern unsigned long long CONFIG_NR_CPUS __kconfig;
extern short CONFIG_LOG_BUF_SHIFT __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig;
extern char CONFIG_CC_VERSION_TEXT[8] __kconfig;
extern int CONFIG_THIS_IS_NOWHERE __kconfig __weak;
extern int LINUX_NOBODY_KNOWS __kconfig __weak;
extern int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig;

SEC("socket")
int settings(struct __sk_buff *skb) {
  int sum = CONFIG_BPF + CONFIG_BPF_SYSCALL + CONFIG_64BIT + CONFIG_HZ + (int)CONFIG_NR_CPUS;
  sum += CONFIG_LOG_BUF_SHIFT + CONFIG_DEFAULT_HOSTNAME[0] + CONFIG_CC_VERSION_TEXT[1];
  sum += LINUX_KERNEL_VERSION + LINUX_HAS_BPF_COOKIE;
  if (CONFIG_THIS_IS_NOWHERE || LINUX_NOBODY_KNOWS) return 0;
  return sum;
}

char _license[] SEC("license") = "GPL";
