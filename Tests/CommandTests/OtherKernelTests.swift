import BPFObject
import FakeKernel
import Sandbox
import Testing

@testable import bpfapply

/// `plan --btf FILE`: whether a kernel of which only the types are here can load the programs.
@Suite struct OtherKernelTests {
  private static let head = """
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>
    char _license[] SEC("license") = "GPL";

    """

  private static let program = """
    struct task_struct { int pid, GONE; } __attribute__((preserve_access_index));
    extern void bpf_of_another_kernel(void) __ksym;
    SEC("raw_tp/x") int reads(struct task_struct *task) { return task->pid + task->GONE; }
    SEC("tp_btf/sched_switch") int traces(void *context) { return 0; }
    SEC("syscall") int calls(void *context) { bpf_of_another_kernel(); return 0; }
    """

  /// A host with the object, and with files of types.
  private func host(program: String) throws -> FakeHost {
    let host = FakeHost()
    host.files["edge.yaml"] = """
      apiVersion: bpfapply/v1
      name: edge
      objects: {o: {file: o.bpf.o}}
      programs: {o/\(program): {}}
      """
    host.objects["o.bpf.o"] = try compiled(
      Self.program.split(separator: "GONE").joined(separator: "gone"))
    // What that kernel has is seen in another object's types.
    host.objects["full"] = try compiled(
      """
      struct task_struct { long first; int pid, gone; };
      typedef void (*btf_trace_sched_switch)(void *, struct task_struct *);
      btf_trace_sched_switch keeps;
      __attribute__((noinline)) void bpf_of_another_kernel(void) { asm volatile(""); }
      SEC("xdp") int entry(void *context) { bpf_of_another_kernel(); return keeps != 0; }
      """)
    host.objects["bare"] = try compiled(
      "struct task_struct { long first; int pid; } task; SEC(\"xdp\") int e(void *c) { return 0; }")
    return host
  }

  private func compiled(_ source: String) throws -> [UInt8] {
    try Sandbox.read(try Sandbox.compile(source: Self.head + source, name: "other"))
  }

  @Test(arguments: ["reads", "traces", "calls"])
  func `a kernel that has everything is planned for`(_ program: String) throws {
    let host = try host(program: program)
    #expect(try host.run("plan", "edge.yaml", "--btf", "full") == .done, "\(host.errors)")
    #expect(host.output.contains("program.o/\(program)"), "\(host.output)")
    #expect(!host.errors.contains("other-kernel"), "\(host.errors)")
  }

  @Test(arguments: [
    ("traces", "this kernel has no raw tracepoint sched_switch"),
    ("calls", "this kernel has no function bpf_of_another_kernel for programs"),
  ])
  func `what a kernel does not have is an error`(_ program: String, _ message: String) throws {
    let host = try host(program: program)
    #expect(try host.run("plan", "edge.yaml", "--btf", "bare") == .error)
    #expect(
      host.errors.contains("program.o/\(program) on the kernel of bare: \(message)"),
      "\(host.errors)")
    #expect(host.errors.contains("edge.yaml:4"), "\(host.errors)")
  }

  @Test func `a field that is missing is a warning, since the code may not get there`() throws {
    let host = try host(program: "reads")
    #expect(try host.run("plan", "edge.yaml", "--btf", "bare") == .done)
    #expect(host.errors.contains("byte offset of struct task_struct.gone failed"), "\(host.errors)")
    #expect(host.errors.contains("only if the program gets there"), "\(host.errors)")
    #expect(!host.errors.contains("task_struct.pid"), "\(host.errors)")
  }

  @Test func `what holds no types is refused`() throws {
    let host = try host(program: "reads")
    #expect(try host.run("plan", "edge.yaml", "--btf", "edge.yaml") == .error)
    #expect(host.errors.contains("neither BTF nor an ELF file"), "\(host.errors)")
    #expect(throws: (any Error).self) {
      try host.run("plan", "edge.yaml", "--btf", "full", "--verify")
    }
  }
}
