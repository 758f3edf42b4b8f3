// SPDX-License-Identifier: Apache-2.0
//
// A tracepoint whose arguments have the kernel's types: executed programs are counted by the user id
// of their process. The second release (-DRELEASE=2) leaves out init.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct task_struct {
  int tgid;
  const struct cred *cred;
} __attribute__((preserve_access_index));

typedef struct {
  unsigned int val;
} kuid_t;

struct cred {
  kuid_t uid;
} __attribute__((preserve_access_index));

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 65536);
  __type(key, __u32);
  __type(value, __u64);
} executed SEC(".maps");

SEC("tp_btf/sched_process_exec")
int BPF_PROG(count, struct task_struct *task) {
  __u32 user = task->cred->uid.val;

#if RELEASE >= 2
  if (task->tgid == 1)
    return 0;
#endif
  __u64 *programs = bpf_map_lookup_elem(&executed, &user);
  if (programs)
    __sync_fetch_and_add(programs, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
