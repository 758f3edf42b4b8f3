import BPFObject
import Glibc
import Testing

/// libbpf relocates the same objects against the same kernel: the tags must be equal.
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
    var tags: [String: String] = [:]
  }

  /// What bpftool says after loading an object in a bpffs of its own.
  private func load(_ bytes: [UInt8]) throws -> Report {
    let directory = try Fixture.temporaryDirectory()
    defer { Fixture.remove(directory) }
    try Fixture.write(bytes, to: "\(directory)/object.bpf.o")
    let (status, output) = try Fixture.run(
      """
      cd \(directory) && unshare -m sh -ec 'mount -t bpf bpf /sys/fs/bpf; B=/sys/fs/bpf
      bpftool prog loadall object.bpf.o $B/p
      for p in $B/p/*; do
        echo "tag $(basename $p) $(bpftool prog show pinned $p | grep -o "tag [0-9a-f]*")"
      done
      ' 2>&1
      """)
    var report = Report(succeeded: status == 0, output: output)
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 4, words[0] == "tag" { report.tags[String(words[1])] = String(words[3]) }
    }
    return report
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    guard name == "core_vmlinux" else { return try Fixture.bytes(name) }
    let directory = try Fixture.temporaryDirectory()
    defer { Fixture.remove(directory) }
    let (status, output) = try Fixture.run(
      "bpftool btf dump file /sys/kernel/btf/vmlinux format c 2>&1 >\(directory)/vmlinux.h")
    try #require(status == 0, "\(output)")
    return try Fixture.bytes(name, options: ["-I\(directory)"])
  }

  @Test(
    arguments: [
      "core_fields", "core_bitfields", "core_types", "core_enums", "core_subprograms",
      "core_stores", "core_candidates", "core_vmlinux",
    ], [false, true])
  func instructionsAreThoseOfLibbpf(_ name: String, linked: Bool) throws {
    guard let kernel = kernel() else { return }
    var bytes = try bytes(name)
    if linked { bytes = try Fixture.linked(bytes) }
    let object = try ObjectFile(parsing: bytes, name: "\(name).bpf.o")
    let report = try load(bytes)
    try #require(report.succeeded, "\(report.output)")
    #expect(!object.programs.isEmpty)
    for program in object.programs {
      let image = try object.image(of: program.name)
      #expect(!image.coreRelocations.isEmpty, "\(program.name)")
      let relocated = try image.relocated(against: kernel)
      #expect(relocated.coreRelocations.isEmpty)
      #expect(relocated.coreResults.map(\.relocation) == image.coreRelocations)
      let tag = try #require(report.tags[program.name], "\(program.name): \(report.output)")
      let predicted = TagAlgorithm.allCases.map { relocated.predictedTag($0).description }
      let results = relocated.coreResults.map(\.description).joined(separator: "\n")
      #expect(predicted.contains(tag), "\(program.name):\n\(results)")
    }
  }

  @Test func whatLibbpfRefusesIsRefused() throws {
    guard let kernel = kernel() else { return }
    let bytes = try bytes("core_ambiguous")
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
    let bytes = try bytes("core_live")
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
