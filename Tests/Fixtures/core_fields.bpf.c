// CO-RE relocations of fields: offsets, sizes, existence and signedness, through pointers, arrays,
// anonymous members and flavours; direct loads whose width changes; code that this kernel's types
// make dead.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define RELOCATED __attribute__((preserve_access_index))

struct list_head {
  struct list_head *next, *prev;
} RELOCATED;

struct upid {
  int nr;
} RELOCATED;

struct pid {
  unsigned int level;
  struct upid numbers[1];
} RELOCATED;

// Flexible in the program; in kernels sometimes one element, sometimes none.
struct pid___flexible {
  struct upid numbers[];
} RELOCATED;

struct mm_struct {
  unsigned long arg_start;
  struct {
    struct {
      unsigned long total_vm;
    };
  };
} RELOCATED;

struct task_struct {
  int pid;
  int tgid;
  char comm[16];
  struct task_struct *group_leader;
  struct mm_struct *mm;
  struct pid *thread_pid;
  struct list_head children;
  unsigned long nowhere;
  struct {
    int neither;
  } nested;
} RELOCATED;

// `flags` has four bytes in the kernel, and no sign.
struct task_struct___wide {
  unsigned long long flags;
} RELOCATED;

struct task_struct___narrow {
  unsigned short flags;
  unsigned char start_time;
} RELOCATED;

// `pid` is an int: a wider load would read beyond it, so this one fails.
struct task_struct___signed_and_wide {
  long long pid;
} RELOCATED;

struct task_struct___no_such_kind {
  struct list_head pid;
} RELOCATED;

struct absent___of_all_kernels {
  int field;
} RELOCATED;

long out[16];

SEC("raw_tp/sched_switch")
int reads(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  out[0] = BPF_CORE_READ(task, pid);
  out[1] = BPF_CORE_READ(task, group_leader, group_leader, tgid);
  out[2] = BPF_CORE_READ(task, mm, total_vm);
  out[3] = BPF_CORE_READ(task, mm, arg_start);
  out[4] = BPF_CORE_READ(task, comm[3]);
  out[5] = (long)BPF_CORE_READ(task, children.next, prev);
  out[6] = BPF_CORE_READ(task, thread_pid, numbers[0].nr);
  struct pid___flexible *pid = (void *)BPF_CORE_READ(task, thread_pid);
  out[7] = BPF_CORE_READ(pid, numbers[0].nr);
  return 0;
}

SEC("tp_btf/sched_switch")
int loads(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task_btf();
  out[0] = task->pid;
  out[1] = task->group_leader->tgid;
  out[2] = task->children.next != 0;
  struct task_struct___wide *wide = (void *)task;
  out[3] = wide->flags;
  struct task_struct___narrow *narrow = (void *)task;
  out[4] = narrow->flags;
  out[5] = narrow->start_time;
  out[6] = task->comm[5];
  return 0;
}

SEC("raw_tp/sched_switch")
int exists(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  struct task_struct___no_such_kind *other = (void *)task;
  struct absent___of_all_kernels *absent = (void *)task;
  struct pid___flexible *pid = (void *)task;
  out[0] = bpf_core_field_exists(task->pid);
  out[1] = bpf_core_field_exists(task->nowhere);
  out[2] = bpf_core_field_exists(task->nested.neither);
  out[3] = bpf_core_field_exists(task->comm[15]);
  out[4] = bpf_core_field_exists(other->pid);
  out[5] = bpf_core_field_exists(absent->field);
  out[6] = bpf_core_field_exists(pid->numbers[0]);
  out[7] = bpf_core_field_exists(task->mm->total_vm);
  return 0;
}

SEC("raw_tp/sched_switch")
int sizes(void *ctx) {
  struct task_struct *task = 0;
  struct task_struct___wide *wide = 0;
  out[0] = bpf_core_field_size(task->pid);
  out[1] = bpf_core_field_size(task->comm);
  out[2] = bpf_core_field_size(task->comm[0]);
  out[3] = bpf_core_field_size(wide->flags);
  out[4] = bpf_core_field_size(task->children);
  out[5] = __builtin_preserve_field_info(task->pid, BPF_FIELD_SIGNED);
  out[6] = __builtin_preserve_field_info(wide->flags, BPF_FIELD_SIGNED);
  out[7] = bpf_core_field_offset(task->children.prev);
  out[8] = bpf_core_field_offset(task->thread_pid);
  out[9] = __builtin_preserve_field_info(task->pid, BPF_FIELD_LSHIFT_U64);
  out[10] = __builtin_preserve_field_info(task->pid, BPF_FIELD_RSHIFT_U64);
  out[11] = bpf_core_field_offset(task->comm[7]);
  return 0;
}

// The failed relocations are never reached: the verifier knows that from the guards.
SEC("raw_tp/sched_switch")
int dead(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  struct absent___of_all_kernels *absent = (void *)task;
  if (bpf_core_field_exists(task->nowhere)) out[0] = BPF_CORE_READ(task, nowhere);
  if (bpf_core_field_exists(absent->field)) {
    out[1] = bpf_core_field_size(absent->field);
    out[2] = BPF_CORE_READ(absent, field);
  }
  if (bpf_core_type_exists(struct absent___of_all_kernels))
    out[3] = bpf_core_field_offset(absent->field);
  return 0;
}

SEC("tp_btf/sched_switch")
int dead_loads(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task_btf();
  struct task_struct___signed_and_wide *wide = (void *)task;
  if (bpf_core_field_exists(task->nowhere)) out[0] = task->nowhere;
  if (bpf_core_field_size(wide->pid) == 8) out[1] = wide->pid;
  return 0;
}

char _license[] SEC("license") = "GPL";
