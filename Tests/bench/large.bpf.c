// Two programs that take a loader's time: one with 900 CO-RE relocations in 32,905 instructions, one
// with 11,004 instructions that need no relocation. They are measured together, and each as an object of
// its own (RELOCATIONS, UNROLLED).
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TEN(x) x x x x x x x x x x

#ifdef RELOCATIONS
struct task_struct {
  int pid, tgid, prio, static_prio, normal_prio, exit_state, exit_code, exit_signal, policy, on_rq;
} __attribute__((preserve_access_index));

#define READ(field)                                                                              \
  bpf_probe_read_kernel(&value, sizeof value, &task->field);                                     \
  sum += value;
#define READ_ALL                                                                                 \
  READ(pid) READ(tgid) READ(prio) READ(static_prio) READ(normal_prio) READ(exit_state)           \
  READ(exit_code) READ(exit_signal) READ(policy)

// In pieces: the compiler keeps the addresses of a whole function on its stack.
#define PIECE(a, b)                                                                              \
  static __noinline int piece_##a##b(struct task_struct *task) {                                 \
    int value = 0, sum = 0;                                                                      \
    READ_ALL READ_ALL READ_ALL READ_ALL                                                          \
    return sum;                                                                                  \
  }
#define ROW(do, a)                                                                               \
  do(a, 0) do(a, 1) do(a, 2) do(a, 3) do(a, 4) do(a, 5) do(a, 6) do(a, 7) do(a, 8) do(a, 9)
#define ALL(do)                                                                                  \
  ROW(do, 0) ROW(do, 1) ROW(do, 2) ROW(do, 3) ROW(do, 4) ROW(do, 5) ROW(do, 6) ROW(do, 7)         \
  ROW(do, 8) ROW(do, 9)
#define CALL(a, b) sum += piece_##a##b(task);

ALL(PIECE)

SEC("raw_tracepoint/bpf_test_finish")
int relocated(void *context) {
  struct task_struct *task = (void *)bpf_get_current_task();
  int sum = 0;

  ALL(CALL)
  return sum;
}
#endif

#ifdef UNROLLED
SEC("raw_tracepoint/bpf_test_finish")
int unrolled(void *context) {
  __u64 sum = bpf_ktime_get_ns();

  TEN(TEN(TEN(sum = sum * 31 + bpf_get_prandom_u32();)))
  TEN(TEN(TEN(sum = sum * 37 + bpf_get_prandom_u32();)))
  TEN(TEN(TEN(sum ^= sum * 41 + bpf_get_prandom_u32();)))
  return sum;
}
#endif

char LICENSE[] SEC("license") = "GPL";
