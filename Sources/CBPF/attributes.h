// One attribute struct per bpf(2) command. Addresses are plain 64-bit numbers, as in the ABI, and
// padding is spelled out: the kernel refuses bytes that it does not know unless they are zero.
#pragma once
#include <stdint.h>

enum {
  CBPF_MAP_CREATE = 0,
  CBPF_MAP_LOOKUP_ELEM = 1,
  CBPF_MAP_UPDATE_ELEM = 2,
  CBPF_MAP_DELETE_ELEM = 3,
  CBPF_MAP_GET_NEXT_KEY = 4,
  CBPF_PROG_LOAD = 5,
  CBPF_OBJ_PIN = 6,
  CBPF_OBJ_GET = 7,
  CBPF_PROG_ATTACH = 8,
  CBPF_PROG_DETACH = 9,
  CBPF_PROG_TEST_RUN = 10,
  CBPF_PROG_GET_NEXT_ID = 11,
  CBPF_MAP_GET_NEXT_ID = 12,
  CBPF_PROG_GET_FD_BY_ID = 13,
  CBPF_MAP_GET_FD_BY_ID = 14,
  CBPF_OBJ_GET_INFO_BY_FD = 15,
  CBPF_PROG_QUERY = 16,
  CBPF_RAW_TRACEPOINT_OPEN = 17,
  CBPF_BTF_LOAD = 18,
  CBPF_BTF_GET_FD_BY_ID = 19,
  CBPF_TASK_FD_QUERY = 20,
  CBPF_MAP_LOOKUP_AND_DELETE_ELEM = 21,
  CBPF_MAP_FREEZE = 22,
  CBPF_BTF_GET_NEXT_ID = 23,
  CBPF_MAP_LOOKUP_BATCH = 24,
  CBPF_MAP_LOOKUP_AND_DELETE_BATCH = 25,
  CBPF_MAP_UPDATE_BATCH = 26,
  CBPF_MAP_DELETE_BATCH = 27,
  CBPF_LINK_CREATE = 28,
  CBPF_LINK_UPDATE = 29,
  CBPF_LINK_GET_FD_BY_ID = 30,
  CBPF_LINK_GET_NEXT_ID = 31,
  CBPF_ENABLE_STATS = 32,
  CBPF_ITER_CREATE = 33,
  CBPF_LINK_DETACH = 34,
  CBPF_PROG_BIND_MAP = 35,
  CBPF_TOKEN_CREATE = 36,
};

struct cbpf_map_create {
  uint32_t map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
  uint8_t map_name[16];
  uint32_t map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
  uint64_t map_extra;
  int32_t value_type_btf_obj_fd, map_token_fd;
};

// MAP_LOOKUP_ELEM, MAP_LOOKUP_AND_DELETE_ELEM, MAP_UPDATE_ELEM, MAP_DELETE_ELEM,
// MAP_GET_NEXT_KEY (`value` is the next key) and MAP_FREEZE.
struct cbpf_map_element {
  uint32_t map_fd, padding;
  uint64_t key, value, flags;
};

struct cbpf_map_batch {
  uint64_t in_batch, out_batch, keys, values;
  uint32_t count, map_fd;
  uint64_t element_flags, flags;
};

struct cbpf_prog_load {
  uint32_t prog_type, insn_cnt;
  uint64_t insns, license;
  uint32_t log_level, log_size;
  uint64_t log_buf;
  uint32_t kern_version, prog_flags;
  uint8_t prog_name[16];
  uint32_t prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size;
  uint64_t func_info;
  uint32_t func_info_cnt, line_info_rec_size;
  uint64_t line_info;
  uint32_t line_info_cnt, attach_btf_id;
  // A program (freplace and tracing of programs) or a module's BTF.
  uint32_t attach_fd, core_relo_cnt;
  uint64_t fd_array, core_relos;
  uint32_t core_relo_rec_size, log_true_size;
  int32_t prog_token_fd;
  uint32_t fd_array_cnt;
};

// OBJ_PIN and OBJ_GET.
struct cbpf_object_path {
  uint64_t pathname;
  uint32_t bpf_fd, file_flags;
  int32_t path_fd;
  uint32_t padding;
};

// PROG_ATTACH and PROG_DETACH.
struct cbpf_prog_attach {
  // A descriptor or an interface index.
  uint32_t target, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd;
  // A descriptor, or an id with BPF_F_ID.
  uint32_t relative;
  uint64_t expected_revision;
};

struct cbpf_test_run {
  uint32_t prog_fd, retval, data_size_in, data_size_out;
  uint64_t data_in, data_out;
  uint32_t repeat, duration, ctx_size_in, ctx_size_out;
  uint64_t ctx_in, ctx_out;
  uint32_t flags, cpu, batch_size, padding;
};

// *_GET_NEXT_ID and *_GET_FD_BY_ID.
struct cbpf_object_id {
  uint32_t id, next_id, open_flags;
  int32_t token_fd;
};

struct cbpf_object_info {
  uint32_t bpf_fd, info_len;
  uint64_t info;
};

struct cbpf_prog_query {
  uint32_t target, attach_type, query_flags, attach_flags;
  uint64_t prog_ids;
  uint32_t count, padding;
  uint64_t prog_attach_flags, link_ids, link_attach_flags, revision;
};

struct cbpf_raw_tracepoint_open {
  uint64_t name;
  uint32_t prog_fd, padding;
  uint64_t cookie;
};

struct cbpf_btf_load {
  uint64_t btf, btf_log_buf;
  uint32_t btf_size, btf_log_size, btf_log_level, btf_log_true_size;
  uint32_t btf_flags;
  int32_t btf_token_fd;
};

struct cbpf_token_create {
  uint32_t flags, bpffs_fd;
};

// LINK_CREATE: what follows the flags depends on the kind of link.
struct cbpf_link_create {
  // A program, or a map for struct_ops.
  uint32_t prog_fd;
  // A descriptor or an interface index.
  uint32_t target, attach_type, flags;
};
struct cbpf_link_create_tracing {
  struct cbpf_link_create link;
  uint32_t target_btf_id, padding;
  uint64_t cookie;
};
struct cbpf_link_create_iter {
  struct cbpf_link_create link;
  uint64_t iter_info;
  uint32_t iter_info_len, padding;
};
struct cbpf_link_create_perf_event {
  struct cbpf_link_create link;
  uint64_t cookie;
};
struct cbpf_link_create_netfilter {
  struct cbpf_link_create link;
  uint32_t pf, hooknum;
  int32_t priority;
  uint32_t flags;
};
struct cbpf_link_create_kprobe_multi {
  struct cbpf_link_create link;
  uint32_t flags, cnt;
  // Names or addresses.
  uint64_t syms, addrs, cookies;
};
struct cbpf_link_create_uprobe_multi {
  struct cbpf_link_create link;
  uint64_t path, offsets, ref_ctr_offsets, cookies;
  uint32_t cnt, flags, pid, padding;
};
// tcx, netkit and, since 6.17, cgroup.
struct cbpf_link_create_ordered {
  struct cbpf_link_create link;
  uint32_t relative, padding;
  uint64_t expected_revision;
};
struct cbpf_iter_map {
  uint32_t map_fd, padding[3];
};
struct cbpf_iter_cgroup {
  uint32_t order, cgroup_fd;
  uint64_t cgroup_id;
};
struct cbpf_iter_task {
  uint32_t tid, pid, pid_fd, padding;
};

struct cbpf_link_update {
  uint32_t link_fd, new_prog_fd, flags, old_prog_fd;
};

struct cbpf_link_detach {
  uint32_t link_fd, padding;
};

struct cbpf_iter_create {
  uint32_t link_fd, flags;
};

struct cbpf_prog_bind_map {
  uint32_t prog_fd, map_fd, flags, padding;
};
