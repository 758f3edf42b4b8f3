// Variables in an arena, with and without first values.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

struct {
  __uint(type, 33 /* BPF_MAP_TYPE_ARENA */);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 4);
} arena SEC(".maps");

int __arena total = 100;
int __arena step = 1;
int __arena calls;

SEC("syscall")
int advance(void *ctx) {
  calls++;
  total += step;
  asm volatile("" ::"r"(&arena));
  return total;
}

char _license[] SEC("license") = "GPL";
