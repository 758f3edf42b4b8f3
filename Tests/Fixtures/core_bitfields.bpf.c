// CO-RE relocations of bitfields: the word to load, and how far to shift.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define RELOCATED __attribute__((preserve_access_index))

struct task_struct {
  unsigned int in_execve : 1;
  unsigned int in_iowait : 1;
  unsigned int sched_remote_wakeup : 1;
  unsigned int frozen : 1;
  int pid;
} RELOCATED;

// Not a bitfield here, but one in the kernel; and the other way around.
struct task_struct___mixed {
  unsigned int in_iowait;
  unsigned int flags : 5;
  unsigned int nowhere : 3;
} RELOCATED;

struct tcp_sock {
  unsigned char nonagle : 4;
  unsigned char frto : 1;
  unsigned int snd_cwnd;
} RELOCATED;

struct sk_buff {
  unsigned char pkt_type : 3;
  unsigned char cloned : 1;
  unsigned int len;
} RELOCATED;

long out[16];

SEC("raw_tp/sched_switch")
int probed(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  out[0] = BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
  out[1] = BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
  out[2] = BPF_CORE_READ_BITFIELD_PROBED(task, sched_remote_wakeup);
  out[3] = BPF_CORE_READ_BITFIELD_PROBED(task, frozen);
  out[4] = BPF_CORE_READ_BITFIELD_PROBED(task, pid);
  return 0;
}

SEC("tp_btf/sched_switch")
int direct(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task_btf();
  out[0] = BPF_CORE_READ_BITFIELD(task, in_execve);
  out[1] = BPF_CORE_READ_BITFIELD(task, frozen);
  out[2] = BPF_CORE_READ_BITFIELD(task, pid);
  return 0;
}

#define ASPECTS(at, field)                                                  \
  out[at] = __builtin_preserve_field_info(field, BPF_FIELD_BYTE_OFFSET);    \
  out[at + 1] = __builtin_preserve_field_info(field, BPF_FIELD_BYTE_SIZE);  \
  out[at + 2] = __builtin_preserve_field_info(field, BPF_FIELD_SIGNED);     \
  out[at + 3] = __builtin_preserve_field_info(field, BPF_FIELD_LSHIFT_U64); \
  out[at + 4] = __builtin_preserve_field_info(field, BPF_FIELD_RSHIFT_U64); \
  out[at + 5] = __builtin_preserve_field_info(field, BPF_FIELD_EXISTS);

SEC("raw_tp/sched_switch")
int aspects(void *ctx) {
  struct tcp_sock *tcp = 0;
  struct sk_buff *packet = 0;
  ASPECTS(0, tcp->nonagle);
  ASPECTS(6, tcp->frto);
  ASPECTS(0, tcp->snd_cwnd);
  ASPECTS(6, packet->pkt_type);
  ASPECTS(0, packet->cloned);
  ASPECTS(6, packet->len);
  return 0;
}

SEC("raw_tp/sched_switch")
int mixed(void *ctx) {
  struct task_struct___mixed *task = 0;
  ASPECTS(6, task->flags);
  out[0] = bpf_core_field_exists(task->in_iowait);
  out[1] = bpf_core_field_exists(task->nowhere);
  if (bpf_core_field_exists(task->nowhere)) {
    out[2] = __builtin_preserve_field_info(task->nowhere, BPF_FIELD_LSHIFT_U64);
  }
  return 0;
}

char _license[] SEC("license") = "GPL";
