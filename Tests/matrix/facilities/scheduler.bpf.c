/* A sched_ext scheduler that leaves every decision to the kernel. */
struct sched_ext_ops {
  char name[128];
};

__attribute__((section(".struct_ops"), used)) struct sched_ext_ops scheduler = {
    .name = "probed",
};

__attribute__((section("license"), used)) char _license[] = "GPL";
