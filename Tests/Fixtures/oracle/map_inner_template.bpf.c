// Maps of maps without slots: only the template is there.
#include "common.h"
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __type(key, __u32);
  __uint(max_entries, 2);
  __array(values, struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
  });
} rings SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __type(key, __u64);
  __type(value, __u32);
  __uint(max_entries, 2);
  __array(values, struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(key_size, 8);
    __uint(value_size, 4);
    __uint(max_entries, 16);
  });
} tries SEC(".maps");
USES(uses, &rings, &tries)
