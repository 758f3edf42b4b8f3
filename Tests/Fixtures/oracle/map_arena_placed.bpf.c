// An arena whose address is given, with variables in it.
#include "common.h"
#define __arena __attribute__((address_space(1)))
struct {
  __uint(type, 33 /* BPF_MAP_TYPE_ARENA */);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 2);
  __ulong(map_extra, 0x1ull << 44);
} arena SEC(".maps");
int __arena first = 7;
int __arena second;
SEC("syscall") int sum(void *context) {
  asm volatile("" ::"r"(&arena));
  second += first;
  return second;
}
