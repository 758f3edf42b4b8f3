// System calls that Swift cannot reach (variadic) or that the C library hides behind feature
// macros. All return a result, or -errno.
#pragma once
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// No header that declares structs is included: they would become this module's, and with
// MemberImportVisibility nobody else could use them.

enum {
  CBPF_BPF_FS_MAGIC = 0xcafe4a11,
  CBPF_CGROUP2_SUPER_MAGIC = 0x63677270,
  CBPF_TRACEFS_MAGIC = 0x74726163,
  CBPF_CLONE_NEWNS = 0x00020000,
  CBPF_CLONE_NEWNET = 0x40000000,
  CBPF_ENOTSUPP = 524,
  CBPF_RENAME_NOREPLACE = 1,
  CBPF_RENAME_EXCHANGE = 2,
  CBPF_O_CLOEXEC = 02000000,
  CBPF_F_DUPFD_CLOEXEC = 1030,
};

static inline long cbpf_result(long result) { return result < 0 ? -errno : result; }

// Descriptors 0 to 2 mean something else in too many places, in the kernel's attributes too.
static inline long cbpf_good_descriptor(long descriptor) {
  if (descriptor < 0 || descriptor > 2) return descriptor;
  long moved = cbpf_result(syscall(SYS_fcntl, descriptor, CBPF_F_DUPFD_CLOEXEC, 3));
  close((int)descriptor);
  return moved;
}

static inline long cbpf_bpf(int command, void *attributes, uint32_t size) {
  return cbpf_result(syscall(SYS_bpf, command, attributes, size));
}

static inline long cbpf_openat(int directory, const char *path, int flags, uint32_t mode) {
  return cbpf_good_descriptor(
      cbpf_result(syscall(SYS_openat, directory, path, flags | CBPF_O_CLOEXEC, mode)));
}

static inline long cbpf_duplicate(int descriptor) {
  return cbpf_result(syscall(SYS_fcntl, descriptor, CBPF_F_DUPFD_CLOEXEC, 3));
}

static inline long cbpf_socket(int family, int type, int protocol) {
  return cbpf_good_descriptor(
      cbpf_result(syscall(SYS_socket, family, type | CBPF_O_CLOEXEC, protocol)));
}

enum { CBPF_DRIVER_NAME_SIZE = 32 };

// The name of an interface's driver, as ethtool -i has it.
static inline long cbpf_driver(int socket, const char *interface, uint8_t *driver) {
  // struct ethtool_drvinfo: the command, the driver, and 160 bytes that nobody asks for.
  struct {
    uint32_t command;
    uint8_t driver[CBPF_DRIVER_NAME_SIZE];
    uint8_t rest[160];
  } facts = {.command = 3 /* ETHTOOL_GDRVINFO */};
  // struct ifreq.
  struct {
    char name[16];
    void *data;
    uint64_t rest[2];
  } request = {.data = &facts};
  for (int i = 0; i < 15 && interface[i]; i++) request.name[i] = interface[i];
  long result = cbpf_result(syscall(SYS_ioctl, socket, 0x8946 /* SIOCETHTOOL */, &request));
  if (result < 0) return result;
  for (int i = 0; i < CBPF_DRIVER_NAME_SIZE; i++) driver[i] = facts.driver[i];
  return 0;
}

static inline long cbpf_setns(int descriptor, int kind) {
  return cbpf_result(syscall(SYS_setns, descriptor, kind));
}

// The CPU that the calling thread runs on, and those that it may run on (sched_setaffinity(2)).
static inline long cbpf_current_cpu(void) {
  unsigned int cpu = 0;
  long result = cbpf_result(syscall(SYS_getcpu, &cpu, 0, 0));
  return result < 0 ? result : (long)cpu;
}

static inline long cbpf_get_affinity(uint8_t *set, unsigned long size) {
  return cbpf_result(syscall(SYS_sched_getaffinity, 0, size, set));
}

static inline long cbpf_set_affinity(const uint8_t *set, unsigned long size) {
  return cbpf_result(syscall(SYS_sched_setaffinity, 0, size, set));
}

// MEMBARRIER_CMD_GLOBAL: every thread of the system has passed a point where it runs user code, which
// waits for whatever reads under RCU.
static inline long cbpf_membarrier_global(void) {
  return cbpf_result(syscall(SYS_membarrier, 1, 0, 0));
}

static inline long cbpf_online_cpus(void) { return cbpf_result(sysconf(_SC_NPROCESSORS_ONLN)); }

static inline long cbpf_unshare(int kinds) { return cbpf_result(syscall(SYS_unshare, kinds)); }

static inline long cbpf_renameat2(
    int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  return cbpf_result(syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}

static inline long cbpf_pidfd_open(int process) {
  return cbpf_good_descriptor(cbpf_result(syscall(434 /* SYS_pidfd_open */, process, 0)));
}

static inline long cbpf_pidfd_signal(int descriptor, int number) {
  return cbpf_result(syscall(424 /* SYS_pidfd_send_signal */, descriptor, number, 0, 0));
}

// The type of the file system that the descriptor's file is on.
static inline long cbpf_filesystem_type(int descriptor, uint32_t *type) {
  // The first word of struct statfs.
  unsigned long facts[64] = {0};
  long result = cbpf_result(syscall(SYS_fstatfs, descriptor, facts));
  *type = (uint32_t)facts[0];
  return result;
}

// The 64-bit id of the cgroup that the directory is.
static inline long cbpf_cgroup_id(int directory, uint64_t *id) {
  struct {
    uint32_t bytes;
    int32_t type;
    uint64_t id;
  } handle = {.bytes = sizeof(uint64_t)};
  int mount;
  long result = cbpf_result(
      syscall(SYS_name_to_handle_at, directory, "", &handle, &mount, 0x1000 /* AT_EMPTY_PATH */));
  *id = handle.id;
  return result;
}

// Opens the directory of the cgroup with that id; `mount` is any directory of its file system.
static inline long cbpf_open_cgroup(int mount, uint64_t id, int flags) {
  struct {
    uint32_t bytes;
    int32_t type;
    uint64_t id;
  } handle = {.bytes = sizeof(uint64_t), .type = 0xfe /* FILEID_KERNFS */, .id = id};
  return cbpf_good_descriptor(
      cbpf_result(syscall(SYS_open_by_handle_at, mount, &handle, flags | CBPF_O_CLOEXEC)));
}

struct cbpf_capabilities {
  uint64_t effective, permitted, inheritable;
};

static inline long cbpf_get_capabilities(struct cbpf_capabilities *sets) {
  struct {
    uint32_t version;
    int pid;
  } header = {0x20080522, 0};
  struct {
    uint32_t effective, permitted, inheritable;
  } half[2] = {{0}};
  long result = cbpf_result(syscall(SYS_capget, &header, half));
  sets->effective = half[0].effective | (uint64_t)half[1].effective << 32;
  sets->permitted = half[0].permitted | (uint64_t)half[1].permitted << 32;
  sets->inheritable = half[0].inheritable | (uint64_t)half[1].inheritable << 32;
  return result;
}

static inline long cbpf_set_capabilities(const struct cbpf_capabilities *sets) {
  struct {
    uint32_t version;
    int pid;
  } header = {0x20080522, 0};
  struct {
    uint32_t effective, permitted, inheritable;
  } half[2] = {
      {(uint32_t)sets->effective, (uint32_t)sets->permitted, (uint32_t)sets->inheritable},
      {(uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32),
       (uint32_t)(sets->inheritable >> 32)},
  };
  return cbpf_result(syscall(SYS_capset, &header, half));
}

static inline void cbpf_copy_text(const char *text, char *buffer, unsigned long size) {
  unsigned long length = 0;
  while (text && text[length] && length + 1 < size) {
    buffer[length] = text[length];
    length += 1;
  }
  if (size) buffer[length] = 0;
}

// Writes the symbol of an errno (`EPERM`), or nothing when the C library has none.
extern const char *strerrorname_np(int);
static inline void cbpf_errno_name(int number, char *buffer, unsigned long size) {
  cbpf_copy_text(strerrorname_np(number), buffer, size);
}

extern char *strerror(int);
static inline void cbpf_errno_words(int number, char *buffer, unsigned long size) {
  cbpf_copy_text(strerror(number), buffer, size);
}
