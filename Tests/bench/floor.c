// SPDX-License-Identifier: Apache-2.0
//
// The floor of Tests/bench: the system calls that a task needs, and nothing else. How far bpfapply
// is above it is what its own work costs.
//
//   floor nothing                 starts and ends
//   floor observe                 every program, map and link by id: next, open, info, close
//   floor apply DIR               from nothing: MAPS maps, PROGRAMS programs, a link for each
//   floor plan DIR                what a plan has to read to find that nothing changed
//
// Tools of the bench, not measured:
//
//   floor time COMMAND…           runs it without output; prints wall, user and system time in
//                                 microseconds and the peak of resident memory in KiB
//   floor hold N                  holds N maps, says so, and waits for the end of its input
//   floor count                   how many programs, maps and links there are
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MAPS
#define MAPS 1000
#endif
#ifndef PROGRAMS
#define PROGRAMS 200
#endif
// JSON of some 300 bytes for each resource.
#define INVENTORY_BYTES ((MAPS + 2 * PROGRAMS) * 300)

// Nothing but BPF_PROG_TEST_RUN passes there, and a link to it takes microseconds. (TCX and XDP
// links wait for RCU, some 10 ms each, which would hide everything else.)
#define TRACEPOINT "bpf_test_finish"

static int bpf(int command, union bpf_attr *attributes) {
  return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int must(int result, const char *what) {
  if (result < 0) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
  }
  return result;
}

// MARK: Looking

static const struct kind {
  int next, open;
} programs = {BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID},
  maps = {BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID},
  links = {BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID};

static void info(int descriptor) {
  char buffer[512] = {};
  union bpf_attr attributes = {};
  attributes.info.bpf_fd = descriptor;
  attributes.info.info_len = sizeof(buffer);
  attributes.info.info = (uintptr_t)buffer;
  must(bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes), "BPF_OBJ_GET_INFO_BY_FD");
}

static int walk(const struct kind *kind, int look) {
  union bpf_attr next = {};
  int count = 0;
  for (; !bpf(kind->next, &next); next.start_id = next.next_id, count++) {
    if (!look)
      continue;
    union bpf_attr open = {.prog_id = next.next_id};
    int descriptor = bpf(kind->open, &open);
    if (descriptor < 0)
      continue;  // It went away meanwhile.
    info(descriptor);
    close(descriptor);
  }
  return count;
}

static int observe(int look) {
  return walk(&programs, look) + walk(&maps, look) + walk(&links, look);
}

static void look_at_pin(const char *path) {
  struct stat status;
  must(lstat(path, &status), path);
  union bpf_attr get = {.pathname = (uintptr_t)path};
  int descriptor = must(bpf(BPF_OBJ_GET, &get), path);
  info(descriptor);
  close(descriptor);
}

// MARK: Names

static char path_buffer[PATH_MAX];

static const char *map_pin(const char *root, int number) {
  snprintf(path_buffer, PATH_MAX, "%s/maps/m%04d", root, number);
  return path_buffer;
}

static const char *program_pin(const char *root, int number) {
  snprintf(path_buffer, PATH_MAX, "%s/programs/bench/p%04d", root, number);
  return path_buffer;
}

static const char *link_pin(const char *root, int number) {
  snprintf(path_buffer, PATH_MAX, "%s/attachments/a%04d", root, number);
  return path_buffer;
}

static void make_directories(const char *root) {
  static const char *const names[] = {"", "/maps", "/programs", "/programs/bench", "/attachments"};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    snprintf(path_buffer, PATH_MAX, "%s%s", root, names[i]);
    must(mkdir(path_buffer, 0700), path_buffer);
  }
}

static void remove_directories(const char *root) {
  static const char *const names[] = {"/maps", "/programs/bench", "/programs", "/attachments", ""};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    snprintf(path_buffer, PATH_MAX, "%s%s", root, names[i]);
    must(rmdir(path_buffer), path_buffer);
  }
}

// MARK: Making

static void pin(int descriptor, const char *path) {
  union bpf_attr attributes = {.pathname = (uintptr_t)path, .bpf_fd = descriptor};
  must(bpf(BPF_OBJ_PIN, &attributes), path);
}

static int create_map(int type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags) {
  union bpf_attr attributes = {.map_type = type};
  attributes.key_size = key;
  attributes.value_size = value;
  attributes.max_entries = entries;
  attributes.map_flags = flags;
  return must(bpf(BPF_MAP_CREATE, &attributes), "BPF_MAP_CREATE");
}

// A frozen array of one value, as inventory and metadata are.
static int create_frozen(uint32_t bytes, uint32_t flags) {
  int map = create_map(BPF_MAP_TYPE_ARRAY, 4, bytes, 1, flags);
  uint32_t key = 0;
  void *value = calloc(1, bytes);
  union bpf_attr update = {.map_fd = map, .key = (uintptr_t)&key, .value = (uintptr_t)value};
  must(bpf(BPF_MAP_UPDATE_ELEM, &update), "BPF_MAP_UPDATE_ELEM");
  union bpf_attr freeze = {.map_fd = map};
  must(bpf(BPF_MAP_FREEZE, &freeze), "BPF_MAP_FREEZE");
  free(value);
  return map;
}

static void write_inventory(const char *root) {
  char staged[PATH_MAX], final[PATH_MAX];
  snprintf(staged, PATH_MAX, "%s/inventory_next", root);
  snprintf(final, PATH_MAX, "%s/inventory", root);
  int map = create_frozen(INVENTORY_BYTES, 0);
  pin(map, staged);
  must(rename(staged, final), final);
  close(map);
}

// BTF with a function for the programs, a name and a source line.
static int load_btf(void) {
  static const char strings[] = "\0int\0run\0bench.bpf.c\0  return 0;";
  struct {
    struct btf_header header;
    uint32_t types[4 + 3 + 3];
    char strings[sizeof(strings)];
  } __attribute__((packed)) data = {
      .header = {.magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(data.header)},
      .types = {1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32,  // int
                0, BTF_KIND_FUNC_PROTO << 24, 1,                      // int (void)
                5, BTF_KIND_FUNC << 24 | BTF_FUNC_GLOBAL, 2},         // run
  };
  memcpy(data.strings, strings, sizeof(strings));
  data.header.type_len = data.header.str_off = sizeof(data.types);
  data.header.str_len = sizeof(strings);
  union bpf_attr attributes = {.btf = (uintptr_t)&data, .btf_size = sizeof(data)};
  return must(bpf(BPF_BTF_LOAD, &attributes), "BPF_BTF_LOAD");
}

static int load_program(int btf, int number) {
  static const struct bpf_insn code[] = {
      {.code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT},
  };
  struct bpf_func_info function = {.insn_off = 0, .type_id = 3};
  struct bpf_line_info line = {.file_name_off = 9, .line_off = 21, .line_col = 1 << 10 | 3};
  union bpf_attr load = {.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT};
  load.insns = (uintptr_t)code;
  load.insn_cnt = sizeof(code) / sizeof(*code);
  load.license = (uintptr_t) "GPL";
  load.prog_btf_fd = btf;
  load.func_info = (uintptr_t)&function;
  load.func_info_rec_size = sizeof(function);
  load.func_info_cnt = 1;
  load.line_info = (uintptr_t)&line;
  load.line_info_rec_size = sizeof(line);
  load.line_info_cnt = 1;
  snprintf(load.prog_name, sizeof(load.prog_name), "p%04d", number);
  return must(bpf(BPF_PROG_LOAD, &load), "BPF_PROG_LOAD");
}

static int create_link(int program) {
  union bpf_attr attributes = {};
  attributes.raw_tracepoint.name = (uintptr_t)TRACEPOINT;
  attributes.raw_tracepoint.prog_fd = program;
  return must(bpf(BPF_RAW_TRACEPOINT_OPEN, &attributes), "BPF_RAW_TRACEPOINT_OPEN");
}

// MARK: Tasks

static void read_inventory(const char *root) {
  snprintf(path_buffer, PATH_MAX, "%s/inventory", root);
  union bpf_attr get = {.pathname = (uintptr_t)path_buffer};
  int map = must(bpf(BPF_OBJ_GET, &get), path_buffer);
  info(map);
  uint32_t key = 0;
  void *value = malloc(INVENTORY_BYTES);
  union bpf_attr lookup = {.map_fd = map, .key = (uintptr_t)&key, .value = (uintptr_t)value};
  must(bpf(BPF_MAP_LOOKUP_ELEM, &lookup), "BPF_MAP_LOOKUP_ELEM");
  free(value);
  close(map);
}

// Everything by id, and every pin.
static void plan(const char *root) {
  read_inventory(root);
  observe(1);
  for (int i = 1; i <= MAPS; i++)
    look_at_pin(map_pin(root, i));
  for (int i = 1; i <= PROGRAMS; i++) {
    look_at_pin(program_pin(root, i));
    look_at_pin(link_pin(root, i));
  }
}

static void move_into_place(const char *next, const char *root, int number,
                            const char *(*name)(const char *, int)) {
  char staged[PATH_MAX];
  strcpy(staged, name(next, number));
  const char *final = name(root, number);
  must(rename(staged, final), final);
}

static void apply(const char *root) {
  static int map[MAPS + 1], program[PROGRAMS + 1], link[PROGRAMS + 1];
  char next[PATH_MAX];

  // Look first.
  observe(1);

  // Stage.
  int btf = load_btf();
  int metadata = create_frozen(256, BPF_F_RDONLY_PROG);
  for (int i = 1; i <= MAPS; i++)
    map[i] = create_map(BPF_MAP_TYPE_HASH, 4, 8, 16, 0);
  for (int i = 1; i <= PROGRAMS; i++) {
    program[i] = load_program(btf, i);
    union bpf_attr bind = {};
    bind.prog_bind_map.prog_fd = program[i];
    bind.prog_bind_map.map_fd = metadata;
    must(bpf(BPF_PROG_BIND_MAP, &bind), "BPF_PROG_BIND_MAP");
  }

  // Commit.
  make_directories(root);
  write_inventory(root);
  snprintf(next, PATH_MAX, "%s/next", root);
  make_directories(next);
  for (int i = 1; i <= MAPS; i++)
    pin(map[i], map_pin(next, i));
  for (int i = 1; i <= PROGRAMS; i++) {
    pin(program[i], program_pin(next, i));
    link[i] = create_link(program[i]);
    pin(link[i], link_pin(next, i));
  }
  for (int i = 1; i <= MAPS; i++)
    move_into_place(next, root, i, map_pin);
  for (int i = 1; i <= PROGRAMS; i++) {
    move_into_place(next, root, i, program_pin);
    move_into_place(next, root, i, link_pin);
  }
  remove_directories(next);
  write_inventory(root);

  // Verify.
  plan(root);
}

// MARK: Tools

static void raise_descriptor_limit(void) {
  struct rlimit limit;
  must(getrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  must(setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
}

static void hold(int count) {
  raise_descriptor_limit();
  for (int i = 0; i < count; i++)
    create_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
  puts("ready");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
}

static int time_command(char **command) {
  struct timespec begin, end;
  struct rusage usage;
  int status;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  pid_t child = must(vfork(), "vfork");
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    execvp(command[0], command);
    _exit(127);
  }
  must(wait4(child, &status, 0, &usage), "wait4");
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%ld %ld %ld %ld\n",
         (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000,
         usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec,
         usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec, usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **words) {
  const char *verb = count > 1 ? words[1] : "";
  if (!strcmp(verb, "nothing"))
    return 0;
  if (!strcmp(verb, "observe"))
    return observe(1), 0;
  if (!strcmp(verb, "count"))
    return printf("%d\n", observe(0)), 0;
  if (!strcmp(verb, "apply") && count == 3)
    return raise_descriptor_limit(), apply(words[2]), 0;
  if (!strcmp(verb, "plan") && count == 3)
    return plan(words[2]), 0;
  if (!strcmp(verb, "hold") && count == 3)
    return hold(atoi(words[2])), 0;
  if (!strcmp(verb, "time") && count > 2)
    return time_command(words + 2);
  fprintf(stderr, "usage: see the head of floor.c\n");
  return 64;
}
