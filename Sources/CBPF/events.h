// perf_event_open(2), as far as BPF programs hang on it.
#pragma once
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  CBPF_PERF_TYPE_SOFTWARE = 1,
  CBPF_PERF_TYPE_TRACEPOINT = 2,
  CBPF_PERF_FLAG_FD_CLOEXEC = 1 << 3,
  // The bit of perf_event_attr's flags that makes the period a frequency.
  CBPF_PERF_ATTR_FREQ = 1 << 10,
  // _IOW('$', 8, uint32_t) and _IO('$', 0)
  CBPF_PERF_EVENT_IOC_SET_BPF = 0x40042408,
  CBPF_PERF_EVENT_IOC_ENABLE = 0x2400,
};

// The first 72 bytes, which every kernel with BPF knows (PERF_ATTR_SIZE_VER1).
struct cbpf_perf_event_attr {
  uint32_t type, size;
  uint64_t config, sample_period, sample_type, read_format, flags;
  uint32_t wakeup_events, bp_type;
  uint64_t config1, config2;
};

static inline long cbpf_perf_event_open(
    struct cbpf_perf_event_attr *attr, int pid, int cpu, int group, unsigned long flags) {
  long result = syscall(SYS_perf_event_open, attr, pid, cpu, group, flags);
  return result < 0 ? -errno : result;
}

static inline long cbpf_perf_event_set_bpf(int event, int program) {
  return syscall(SYS_ioctl, event, CBPF_PERF_EVENT_IOC_SET_BPF, program) < 0 ? -errno : 0;
}

static inline long cbpf_perf_event_enable(int event) {
  return syscall(SYS_ioctl, event, CBPF_PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
}
