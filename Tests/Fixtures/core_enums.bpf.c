// CO-RE relocations of enumerations: constants of 32 and 64 bits, found by name.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

enum pid_type {
  PIDTYPE_SID = 77,
  PIDTYPE_MAX = 78,
  PIDTYPE_NEVER = 79,
};
enum pid_type___flavour {
  PIDTYPE_PGID___flavour = 5,
};
enum cgroup_subsys_id {
  CGROUP_SUBSYS_COUNT = 1000,
};
enum perf_callchain_context {
  PERF_CONTEXT_HV = 1,
  PERF_CONTEXT_KERNEL = 1ull << 40,
};
// Of 32 bits here and 64 in the kernel.
enum perf_callchain_context___small {
  PERF_CONTEXT_USER = 3,
};
enum absent {
  NOTHING = 9,
};
// A negative constant: the compiler's number is sign-extended.
enum hrtimer_restart {
  HRTIMER_RESTART = -3,
};

long out[16];

SEC("raw_tp/sched_switch")
int values(void *ctx) {
  out[0] = bpf_core_enum_value(enum pid_type, PIDTYPE_SID);
  out[1] = bpf_core_enum_value(enum pid_type, PIDTYPE_MAX);
  out[2] = bpf_core_enum_value(enum pid_type___flavour, PIDTYPE_PGID___flavour);
  out[3] = bpf_core_enum_value(enum cgroup_subsys_id, CGROUP_SUBSYS_COUNT);
  out[4] = bpf_core_enum_value(enum perf_callchain_context, PERF_CONTEXT_HV);
  out[5] = bpf_core_enum_value(enum perf_callchain_context, PERF_CONTEXT_KERNEL);
  out[6] = bpf_core_enum_value(enum perf_callchain_context___small, PERF_CONTEXT_USER);
  out[7] = bpf_core_enum_value(enum hrtimer_restart, HRTIMER_RESTART);
  return 0;
}

SEC("raw_tp/sched_switch")
int exist(void *ctx) {
  out[0] = bpf_core_enum_value_exists(enum pid_type, PIDTYPE_MAX);
  out[1] = bpf_core_enum_value_exists(enum pid_type, PIDTYPE_NEVER);
  out[2] = bpf_core_enum_value_exists(enum absent, NOTHING);
  if (bpf_core_enum_value_exists(enum pid_type, PIDTYPE_NEVER))
    out[3] = bpf_core_enum_value(enum pid_type, PIDTYPE_NEVER);
  if (bpf_core_enum_value_exists(enum absent, NOTHING))
    out[4] = bpf_core_enum_value(enum absent, NOTHING);
  return 0;
}

char _license[] SEC("license") = "GPL";
