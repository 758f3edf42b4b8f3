// Storage of sockets, inodes and tasks, which the kernel makes only with types.
#include "common.h"
struct value { __u64 count; __u32 mark; };
#define STORAGE(name, kind) \
  struct { \
    __uint(type, kind); \
    __uint(map_flags, BPF_F_NO_PREALLOC); \
    __type(key, int); \
    __type(value, struct value); \
  } name SEC(".maps")
STORAGE(of_sockets, BPF_MAP_TYPE_SK_STORAGE);
STORAGE(of_inodes, BPF_MAP_TYPE_INODE_STORAGE);
STORAGE(of_tasks, BPF_MAP_TYPE_TASK_STORAGE);
SEC("tc") int uses(struct __sk_buff *skb) {
  struct bpf_sock *socket = skb->sk;
  if (socket) socket = bpf_sk_fullsock(socket);
  return socket && bpf_sk_storage_get(&of_sockets, socket, 0, 1);
}
