// A definition that is a typedef of a structure, and several maps of it.
#include "common.h"
typedef struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, struct { __u8 a; __u64 b; });
  __uint(max_entries, 3);
} kind;
kind one SEC(".maps");
kind other SEC(".maps");
USES(uses, &one, &other)
