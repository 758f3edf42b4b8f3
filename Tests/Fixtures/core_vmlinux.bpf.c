// vmlinux
// All of the kernel's types, as bpftool writes them to C.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, int);
  __type(value, u64);
} seen SEC(".maps");

SEC("tp_btf/sched_switch")
int BPF_PROG(switches, bool preempt, struct task_struct *prev, struct task_struct *next) {
  int pid = next->pid;
  u64 value = prev->se.sum_exec_runtime + next->signal->nr_threads;
  if (next->mm) value += next->mm->total_vm;
  bpf_map_update_elem(&seen, &pid, &value, 0);
  return BPF_CORE_READ_BITFIELD(prev, in_iowait);
}

SEC("raw_tp/netif_receive_skb")
int packets(struct bpf_raw_tracepoint_args *ctx) {
  struct sk_buff *skb = (void *)ctx->args[0];
  u64 length = BPF_CORE_READ(skb, len);
  int index = BPF_CORE_READ(skb, dev, ifindex);
  u16 network = BPF_CORE_READ(skb, network_header);
  void *head = BPF_CORE_READ(skb, head);
  struct iphdr header = {};
  bpf_probe_read_kernel(&header, sizeof(header), head + network);
  length += BPF_CORE_READ_BITFIELD(&header, ihl);
  bpf_map_update_elem(&seen, &index, &length, 0);
  return 0;
}

SEC("tp/sched/sched_process_exec")
int execs(struct trace_event_raw_sched_process_exec *ctx) {
  int pid = ctx->pid;
  u64 value = ctx->old_pid + ctx->__data_loc_filename;
  bpf_map_update_elem(&seen, &pid, &value, 0);
  return 0;
}

char _license[] SEC("license") = "GPL";
