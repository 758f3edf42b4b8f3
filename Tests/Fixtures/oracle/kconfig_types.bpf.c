// Every type that a setting can have.
#include "common.h"
extern unsigned long CONFIG_HZ __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_NET __kconfig;
extern char CONFIG_INET __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig;
SEC("socket") int sum(void *context) {
  return CONFIG_HZ + CONFIG_BPF_SYSCALL + CONFIG_NET + CONFIG_INET + CONFIG_DEFAULT_HOSTNAME[1];
}
