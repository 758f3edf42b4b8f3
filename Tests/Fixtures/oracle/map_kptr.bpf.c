// A pointer to an object of the kernel in a value.
#include "common.h"
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct value { struct task_struct __attribute__((btf_type_tag("kptr_untrusted"))) *task; };
MAP(kept, BPF_MAP_TYPE_ARRAY, __u32, struct value, 1, );
SEC("tc") int is_there(void *context) {
  __u32 zero = 0;
  struct value *value = bpf_map_lookup_elem(&kept, &zero);
  return value && value->task;
}
