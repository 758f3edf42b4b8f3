/* A sched_ext scheduler that leaves every decision to the kernel. */
struct sched_ext_ops {
  unsigned int (*init)(void);
  char name[128];
};

__attribute__((section("struct_ops.s/start"), used)) int start(void *context) { return 0; }

__attribute__((section(".struct_ops"), used)) struct sched_ext_ops scheduler = {
    .init = (void *)start,
    .name = "probed",
};

__attribute__((section("license"), used)) char _license[] = "GPL";
