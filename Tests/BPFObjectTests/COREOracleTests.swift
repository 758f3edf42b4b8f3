import BPFObject
import Glibc
import Testing

/// CO-RE against the running kernel, where libbpf refuses. What it takes is compared by
/// `OracleTests`.
@Suite struct COREOracleTests {
  private static let reason: String? = {
    if geteuid() != 0 { return "loading programs needs root" }
    if access("/sys/kernel/btf/vmlinux", R_OK) != 0 {
      return "this kernel has no /sys/kernel/btf/vmlinux"
    }
    if (try? Fixture.run("bpftool version >/dev/null 2>&1"))?.status != 0 {
      return "bpftool is not installed"
    }
    return nil
  }()

  private static let kernel: TargetTypes? = {
    guard let bytes = try? Fixture.read("/sys/kernel/btf/vmlinux") else { return nil }
    return (try? BTF(parsing: bytes)).map { TargetTypes(vmlinux: $0) }
  }()

  /// The kernel to test against; nil when the test cannot run here.
  private func kernel() -> TargetTypes? {
    if let reason = Self.reason {
      if getenv("CI") != nil { Issue.record("not run: \(reason)") }
      print("skipped: \(reason)")
      return nil
    }
    if Self.kernel == nil { Issue.record("the kernel's types cannot be read") }
    return Self.kernel
  }

  private struct Report {
    var succeeded: Bool
    var output: String
  }

  /// What bpftool says after loading an object in a bpffs of its own.
  private func load(_ bytes: [UInt8]) throws -> Report {
    let directory = try Fixture.temporaryDirectory()
    defer { Fixture.remove(directory) }
    try Fixture.write(bytes, to: "\(directory)/object.bpf.o")
    let (status, output) = try Fixture.run(
      """
      cd \(directory) && unshare -m sh -ec 'mount -t bpf bpf /sys/fs/bpf; B=/sys/fs/bpf
      bpftool prog loadall object.bpf.o $B/p' 2>&1
      """)
    return Report(succeeded: status == 0, output: output)
  }

  @Test func whatLibbpfRefusesIsRefused() throws {
    guard let kernel = kernel() else { return }
    let bytes = try Fixture.bytes("core_ambiguous")
    let report = try load(bytes)
    // Kernels built without btrfs have one `struct walk_control` at most.
    guard report.output.contains("ambiguity") else { return }
    let image = try ObjectFile(parsing: bytes, name: "a.o").image(of: "ambiguous")
    let error = #expect(throws: ObjectError.self) { try image.relocated(against: kernel) }
    let message = error?.description ?? ""
    #expect(message.contains("struct walk_control.stage"), "\(message)")
    #expect(message.contains("the kernel's types disagree"), "\(message)")
  }

  @Test func whatTheVerifierStopsAtIsNamed() throws {
    guard let kernel = kernel() else { return }
    let bytes = try Fixture.bytes("core_live")
    #expect(try !load(bytes).succeeded)
    let image = try ObjectFile(parsing: bytes, name: "l.o").image(of: "live")
      .relocated(against: kernel)
    let failed = image.coreResults.filter(\.isPoisoned)
    let result = try #require(failed.first)
    #expect(failed.count == 1)
    #expect(
      result.description == "byte offset of struct task_struct.nowhere failed: the kernel's "
        + "struct task_struct has no such field, or one of another kind of type")
    #expect(image.poisonedRelocation(at: result.relocation.instruction) == result)
    #expect(image.poisonedRelocation(at: 0) == nil)
    let poisoned = image.instructions[result.relocation.instruction]
    #expect(poisoned == Instruction(opcode: 0x85, immediate: 195_896_080))
  }

  @Test func modulesAreAskedOnlyForWhatVmlinuxLacks() throws {
    guard let kernel = kernel() else { return }
    let asked = Counter()
    let counting = TargetTypes(vmlinux: kernel.vmlinux) { () throws(ObjectError) in
      asked.count()
      return []
    }
    let image = try Fixture.object("core_subprograms").image(of: "first")
    _ = try image.relocated(against: counting)
    #expect(asked.value == 0)
    let types = try Fixture.object("core_types")
    _ = try types.image(of: "sizes").relocated(against: counting)
    _ = try types.image(of: "exist").relocated(against: counting)
    #expect(asked.value == 1)
  }
}
