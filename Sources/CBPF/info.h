// What OBJ_GET_INFO_BY_FD fills. An older kernel fills less and leaves the rest zero.
#pragma once
#include <stdint.h>

struct cbpf_map_info {
  uint32_t type, id, key_size, value_size, max_entries, map_flags;
  uint8_t name[16];
  uint32_t ifindex, btf_vmlinux_value_type_id;
  uint64_t netns_dev, netns_ino;
  uint32_t btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_id;
  uint64_t map_extra;
};

struct cbpf_prog_info {
  uint32_t type, id;
  uint64_t tag;
  uint32_t jited_prog_len, xlated_prog_len;
  uint64_t jited_prog_insns, xlated_prog_insns;
  uint64_t load_time;
  uint32_t created_by_uid, nr_map_ids;
  uint64_t map_ids;
  uint8_t name[16];
  uint32_t ifindex, gpl_compatible;
  uint64_t netns_dev, netns_ino;
  uint32_t nr_jited_ksyms, nr_jited_func_lens;
  uint64_t jited_ksyms, jited_func_lens;
  uint32_t btf_id, func_info_rec_size;
  uint64_t func_info;
  uint32_t nr_func_info, nr_line_info;
  uint64_t line_info, jited_line_info;
  uint32_t nr_jited_line_info, line_info_rec_size, jited_line_info_rec_size, nr_prog_tags;
  uint64_t prog_tags, run_time_ns, run_cnt, recursion_misses;
  uint32_t verified_insns, attach_btf_obj_id, attach_btf_id, padding;
};

struct cbpf_btf_info {
  uint64_t btf;
  uint32_t btf_size, id;
  uint64_t name;
  uint32_t name_len, kernel_btf;
};

// struct bpf_link_info: a common head, and 64 bytes whose meaning depends on the type.
struct cbpf_link_head {
  uint32_t type, id, prog_id, padding;
};
struct cbpf_link_info {
  struct cbpf_link_head head;
  uint64_t detail[8];
};
struct cbpf_link_named {  // raw_tracepoint
  uint64_t name;
  uint32_t name_len, padding;
  uint64_t cookie;
};
struct cbpf_link_tracing {
  uint32_t attach_type, target_obj_id, target_btf_id, padding;
  uint64_t cookie;
};
struct cbpf_link_cgroup {
  uint64_t cgroup_id;
  uint32_t attach_type, padding;
};
struct cbpf_link_iter {
  uint64_t target_name;
  uint32_t target_name_len, map_id;
  // A cgroup's id, or a task's tid in the low and pid in the high half (in host order).
  uint64_t cgroup_id;
  uint32_t order, padding;
};
struct cbpf_link_iter_task {
  uint64_t target_name;
  uint32_t target_name_len, map_id;
  uint32_t tid, pid;
};
struct cbpf_link_pair {  // netns, xdp, struct_ops, tcx, netkit, sockmap: an object, an attach type
  uint32_t object, attach_type;
};
struct cbpf_link_netfilter {
  uint32_t pf, hooknum;
  int32_t priority;
  uint32_t flags;
};
struct cbpf_link_kprobe_multi {
  uint64_t addrs;
  uint32_t count, flags;
  uint64_t missed, cookies;
};
struct cbpf_link_uprobe_multi {
  uint64_t path, offsets, ref_ctr_offsets, cookies;
  uint32_t path_size, count, flags, pid;
};
struct cbpf_link_perf_name {  // perf_event of kind tracepoint, and the head of kprobe and uprobe
  uint32_t type, padding;
  uint64_t name;
  uint32_t name_len, offset;
  uint64_t first, second, third;
};
struct cbpf_link_perf_event {
  uint32_t type, padding;
  uint64_t config;
  uint32_t event_type, padding2;
  uint64_t cookie;
};
