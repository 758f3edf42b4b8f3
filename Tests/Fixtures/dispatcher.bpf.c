// Constants and name of libxdp's dispatcher, which runs two programs.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SLOTS 10

struct dispatcher_config {
  __u8 magic, version, count, has_fragments;
  __u32 actions[SLOTS], priorities[SLOTS], flags[SLOTS];
};

const volatile struct dispatcher_config conf = {
    .magic = 236, .version = 2, .count = 2, .priorities = {10, 50}};

SEC("xdp")
int xdp_dispatcher(struct xdp_md *context) {
  return conf.count > SLOTS ? XDP_ABORTED : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
