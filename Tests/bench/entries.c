// SPDX-License-Identifier: Apache-2.0
//
// The floor of the bench for large contents: a hash map of u32 to u64 in batches.
//
//   entries make FILE COUNT       a CSV file of so many entries, in the order of no key
//   entries fill FILE             reads it, and writes a new map
//   entries read PIN              reads a pinned map whole, and sorts nothing
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH 4096

static int must(long result, const char *what) {
  if (result < 0) {
    fprintf(stderr, "entries: %s: %s\n", what, strerror(errno));
    exit(1);
  }
  return result;
}

static int bpf(int command, union bpf_attr *attributes) {
  return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static void make(const char *path, uint32_t count) {
  FILE *file = fopen(path, "w");
  must(file ? 0 : -1, path);
  fputs("key,value\n", file);
  for (uint32_t i = 0; i < count; i++)
    fprintf(file, "%u,%u\n", i * 7919u, i);
  must(fclose(file), path);
}

static void fill(const char *path) {
  int file = must(open(path, O_RDONLY), path);
  struct stat status;
  must(fstat(file, &status), path);
  char *text = malloc(status.st_size + 1);
  must(read(file, text, status.st_size), path);
  text[status.st_size] = 0;
  union bpf_attr create = {.map_type = BPF_MAP_TYPE_HASH};
  create.key_size = 4;
  create.value_size = 8;
  create.max_entries = 1 << 20;
  int map = must(bpf(BPF_MAP_CREATE, &create), "BPF_MAP_CREATE");
  static uint32_t keys[BATCH];
  static uint64_t values[BATCH];
  uint32_t count = 0;
  char *next = strchr(text, '\n') + 1;
  for (;;) {
    if (*next) {
      keys[count] = strtoul(next, &next, 10);
      values[count++] = strtoull(next + 1, &next, 10);
      next++;
    }
    if (count == BATCH || (!*next && count)) {
      union bpf_attr update = {};
      update.batch.keys = (uintptr_t)keys;
      update.batch.values = (uintptr_t)values;
      update.batch.count = count;
      update.batch.map_fd = map;
      must(bpf(BPF_MAP_UPDATE_BATCH, &update), "BPF_MAP_UPDATE_BATCH");
      count = 0;
    }
    if (!*next)
      return;
  }
}

static void read_all(const char *pin) {
  union bpf_attr get = {.pathname = (uintptr_t)pin};
  int map = must(bpf(BPF_OBJ_GET, &get), pin);
  static uint32_t keys[BATCH];
  static uint64_t values[BATCH];
  uint32_t in, out;
  for (int first = 1;; first = 0, in = out) {
    union bpf_attr lookup = {};
    lookup.batch.in_batch = first ? 0 : (uintptr_t)&in;
    lookup.batch.out_batch = (uintptr_t)&out;
    lookup.batch.keys = (uintptr_t)keys;
    lookup.batch.values = (uintptr_t)values;
    lookup.batch.count = BATCH;
    lookup.batch.map_fd = map;
    if (bpf(BPF_MAP_LOOKUP_BATCH, &lookup) < 0) {
      if (errno == ENOENT)
        return;
      must(-1, "BPF_MAP_LOOKUP_BATCH");
    }
  }
}

int main(int count, char **words) {
  const char *verb = count > 1 ? words[1] : "";
  if (!strcmp(verb, "make") && count == 4)
    return make(words[2], atoi(words[3])), 0;
  if (!strcmp(verb, "fill") && count == 3)
    return fill(words[2]), 0;
  if (!strcmp(verb, "read") && count == 3)
    return read_all(words[2]), 0;
  fprintf(stderr, "usage: see the head of entries.c\n");
  return 64;
}
