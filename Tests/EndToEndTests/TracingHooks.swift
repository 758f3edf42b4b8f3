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
  ]

  private static func execute() throws { try Sandbox.run(["true"]).succeeded() }
}
