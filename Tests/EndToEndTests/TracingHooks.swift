import Glibc
import Sandbox

/// Hooks in the kernel's and programs' code.
extension HookExample {
  static let tracingHooks = [
    HookExample(
      name: "tracepoint", needs: .linux(5, 15), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("executed", by: execute) }),
    HookExample(
      name: "raw_tracepoint", needs: .linux(4, 17), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("executed", by: execute) }),
    HookExample(
      name: "tp_btf", needs: .linux(5, 5), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("executed", by: execute) }),
    HookExample(
      name: "perf_event", needs: .linux(5, 15), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("samples", by: burn) }),
    HookExample(
      name: "uprobe_multi", needs: .linux(6, 6), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("calls", 1, by: { _ = getuid() }) }),
    HookExample(
      name: "uprobe_session", needs: .linux(6, 13), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("calls", 1, by: { _ = getuid() }) }),
    HookExample(
      name: "usdt", needs: .linux(6, 6), deed: .unpin, keepsLinks: false,
      effect: { try $0.moves("collections", 2, by: collect) }),
    HookExample(
      name: "kprobe_multi", needs: .option("CONFIG_FPROBE", since: 5, 18), deed: .unpin,
      keepsLinks: false, effect: { try $0.moves("calls", by: execute) }),
    HookExample(
      name: "kprobe_session", needs: .option("CONFIG_FPROBE", since: 6, 10), deed: .unpin,
      keepsLinks: false, effect: { try $0.moves("calls", 1, by: execute) }),
  ]

  private static func collect() throws {
    try Sandbox.run(["/usr/bin/python3", "-I", "-S", "-c", "import gc; gc.collect(2)"]).succeeded()
  }

  private static func execute() throws { try Sandbox.run(["true"]).succeeded() }
}
