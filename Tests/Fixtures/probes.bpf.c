// One program for every kind of tracing hook that needs kprobes or trampolines. Each counts its runs
// in a slot of its own, with -DRELEASE=2 by two at a time.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef RELEASE
#define RELEASE 1
#endif

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

static __always_inline void count(__u32 slot) {
  __u64 *counter = bpf_map_lookup_elem(&runs, &slot);
  if (counter)
    __sync_fetch_and_add(counter, RELEASE);
}

#define PROGRAM(section, name, slot)                                                               \
  SEC(section)                                                                                     \
  int name(void *context) {                                                                        \
    count(slot);                                                                                   \
    return 0;                                                                                      \
  }

PROGRAM("kprobe/do_nanosleep", at_kprobe, 0)
PROGRAM("kretprobe/do_nanosleep", at_kretprobe, 1)
PROGRAM("ksyscall/clock_nanosleep", at_ksyscall, 2)
PROGRAM("fentry/do_nanosleep", at_fentry, 3)
PROGRAM("fexit/do_nanosleep", at_fexit, 4)
PROGRAM("lsm/file_open", at_lsm, 5)

char LICENSE[] SEC("license") = "GPL";
