// CO-RE relocations of types: ids, existence, sizes and matches of every kind of type.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct list_head {
  struct list_head *next, *prev;
};
struct list_head___lacks_one {
  struct list_head *prev;
};
struct list_head___has_more {
  struct list_head *next, *prev, *up;
};
struct list_head___other_type {
  int next;
};
struct task_struct {
  int pid;
  struct mm_struct *mm;
  char comm[16];
};
struct task_struct___long_name {
  char comm[17];
};
struct task_struct___unsigned_pid {
  unsigned int pid;
};
struct absent {
  int field;
};
union nf_inet_addr {
  unsigned int ip;
};
struct nf_inet_addr___a_struct {
  unsigned int ip;
};
enum pid_type {
  PIDTYPE_PID,
  PIDTYPE_MAX,
};
enum pid_type___more {
  PIDTYPE_NEVER = 4,
};
enum perf_callchain_context___small {
  PERF_CONTEXT_HV = 1,
};
typedef int pid_t;
typedef unsigned long pid_t___wide;
typedef void *pid_t___pointer;
typedef struct {
  int counter;
} atomic_t;
typedef void (*smp_call_func_t)(void *info);
typedef void (*smp_call_func_t___two)(void *info, int);
typedef int (*smp_call_func_t___returns)(void *info);
typedef unsigned char __u8_absent;
typedef char bool_or_so[4];

long out[16];

SEC("raw_tp/sched_switch")
int exist(void *ctx) {
  out[0] = bpf_core_type_exists(struct list_head);
  out[1] = bpf_core_type_exists(struct absent);
  out[2] = bpf_core_type_exists(union nf_inet_addr);
  out[3] = bpf_core_type_exists(struct nf_inet_addr___a_struct);
  out[4] = bpf_core_type_exists(enum pid_type);
  out[5] = bpf_core_type_exists(pid_t);
  out[6] = bpf_core_type_exists(pid_t___wide);
  out[7] = bpf_core_type_exists(pid_t___pointer);
  out[8] = bpf_core_type_exists(smp_call_func_t);
  out[9] = bpf_core_type_exists(smp_call_func_t___two);
  out[10] = bpf_core_type_exists(smp_call_func_t___returns);
  out[11] = bpf_core_type_exists(__u8_absent);
  out[12] = bpf_core_type_exists(bool_or_so);
  out[13] = bpf_core_type_exists(atomic_t);
  out[14] = bpf_core_type_exists(enum perf_callchain_context___small);
  return 0;
}

SEC("raw_tp/sched_switch")
int sizes(void *ctx) {
  out[0] = bpf_core_type_size(struct list_head);
  out[1] = bpf_core_type_size(struct task_struct);
  out[2] = bpf_core_type_size(union nf_inet_addr);
  out[3] = bpf_core_type_size(enum pid_type);
  out[4] = bpf_core_type_size(pid_t___wide);
  out[5] = bpf_core_type_size(atomic_t);
  out[6] = bpf_core_type_size(struct absent);
  out[7] = bpf_core_type_size(smp_call_func_t);
  return 0;
}

SEC("raw_tp/sched_switch")
int ids(void *ctx) {
  out[0] = bpf_core_type_id_kernel(struct list_head);
  out[1] = bpf_core_type_id_kernel(struct task_struct);
  out[2] = bpf_core_type_id_kernel(pid_t);
  out[3] = bpf_core_type_id_kernel(struct absent);
  out[4] = bpf_core_type_id_local(struct list_head);
  out[5] = bpf_core_type_id_local(struct absent);
  out[6] = bpf_core_type_id_local(smp_call_func_t);
  out[7] = bpf_core_type_id_local(int);
  out[8] = bpf_core_type_id_local(struct { int anonymous; });
  out[9] = bpf_core_type_id_kernel(enum pid_type);
  return 0;
}

SEC("raw_tp/sched_switch")
int match(void *ctx) {
  out[0] = bpf_core_type_matches(struct list_head);
  out[1] = bpf_core_type_matches(struct list_head___lacks_one);
  out[2] = bpf_core_type_matches(struct list_head___has_more);
  out[3] = bpf_core_type_matches(struct list_head___other_type);
  out[4] = bpf_core_type_matches(struct task_struct);
  out[5] = bpf_core_type_matches(struct task_struct___long_name);
  out[6] = bpf_core_type_matches(struct task_struct___unsigned_pid);
  out[7] = bpf_core_type_matches(struct absent);
  out[8] = bpf_core_type_matches(enum pid_type);
  out[9] = bpf_core_type_matches(enum pid_type___more);
  out[10] = bpf_core_type_matches(pid_t);
  out[11] = bpf_core_type_matches(pid_t___wide);
  out[12] = bpf_core_type_matches(smp_call_func_t);
  out[13] = bpf_core_type_matches(smp_call_func_t___two);
  out[14] = bpf_core_type_matches(enum perf_callchain_context___small);
  out[15] = bpf_core_type_matches(smp_call_func_t___returns);
  return 0;
}

char _license[] SEC("license") = "GPL";
