// Memory that programs and user space share, without variables.
#include "common.h"
struct {
  __uint(type, 33 /* BPF_MAP_TYPE_ARENA */);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 100);
} arena SEC(".maps");
SEC("syscall") int uses(void *context) {
  asm volatile("" ::"r"(&arena));
  return 0;
}
