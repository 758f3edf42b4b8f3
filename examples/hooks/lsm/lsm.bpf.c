// SPDX-License-Identifier: Apache-2.0
//
// A security module: open(2) of a file that is called `bpfapply.sealed` is denied, whoever asks. The
// second release (-DRELEASE=2) counts how often that happened.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1

// As much of the kernel's types as is used; CO-RE finds the fields in the running kernel.
struct qstr {
  const unsigned char *name;
} __attribute__((preserve_access_index));

struct dentry {
  struct qstr d_name;
} __attribute__((preserve_access_index));

struct path {
  struct dentry *dentry;
} __attribute__((preserve_access_index));

struct file {
  struct path f_path;
} __attribute__((preserve_access_index));

static const char sealed[] = "bpfapply.sealed";

#if RELEASE >= 2
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} denied SEC(".maps");
#endif

SEC("lsm/file_open")
int BPF_PROG(deny, struct file *file, int result) {
  char name[sizeof sealed] = {};

  // What another module denied stays denied.
  if (result)
    return -EPERM;
  long size = bpf_probe_read_kernel_str(name, sizeof name, file->f_path.dentry->d_name.name);
  if (size != sizeof sealed)
    return 0;
  for (int i = 0; i < sizeof sealed - 1; i++) {
    if (name[i] != sealed[i])
      return 0;
    // Newer kernels want to see that what is returned is 0 or an error number; they cannot where the
    // compiler makes arithmetic of the comparisons.
    barrier();
  }
#if RELEASE >= 2
  __u32 slot = 0;
  __u64 *times = bpf_map_lookup_elem(&denied, &slot);
  if (times)
    __sync_fetch_and_add(times, 1);
#endif
  return -EPERM;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
