/* Does nothing, wherever SECTION puts it. */
__attribute__((section(SECTION), used)) int probed(void *context) { return 0; }

__attribute__((section("license"), used)) char _license[] = "GPL";
