/* A sched_ext scheduler that leaves every decision to the kernel. */
struct task_struct;

struct sched_ext_ops {
  void (*dispatch)(int, struct task_struct *);
  char name[128];
};

__attribute__((section("struct_ops/dispatch"), used)) int dispatch(void *context) { return 0; }

__attribute__((section(".struct_ops"), used)) struct sched_ext_ops scheduler = {
    .dispatch = (void *)dispatch,
    .name = "probed",
};

__attribute__((section("license"), used)) char _license[] = "GPL";
