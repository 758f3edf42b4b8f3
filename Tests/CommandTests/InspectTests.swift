import BPFObject
import FakeKernel
import Glibc
import Manifest
import Sandbox
import Testing

@testable import bpfapply

@Suite struct InspectTests {
  private static let source = """
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>
    extern int CONFIG_HZ __kconfig __weak;
    struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __type(value, __u64);
      __uint(max_entries, 8); } flows SEC(".maps");
    const volatile int limit = 5;
    SEC("xdp") int drops(struct xdp_md *ctx) { __u32 key = CONFIG_HZ;
      return bpf_map_lookup_elem(&flows, &key) ? limit : XDP_PASS; }
    SEC("tracepoint/sched/sched_switch") int switches(void *ctx) { return 0; }
    SEC("?tc") int waits(void *ctx) { return 0; }
    SEC("of_nobody") int odd(void *ctx) { return 0; }
    char _license[] SEC("license") = "GPL";
    """

  private func host() throws -> FakeHost {
    let path = try Sandbox.compile(source: Self.source, name: "fw")
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    let host = FakeHost()
    host.objects["build/fw.bpf.o"] = Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    return host
  }

  @Test func objectIsShownWithoutAKernel() throws {
    let host = try host()
    #expect(try host.run("inspect", "build/fw.bpf.o") == .done)
    #expect(host.kernel.calls.isEmpty)
    for part in [
      "build/fw.bpf.o: license GPL", "drops  SEC(\"xdp\")  xdp, attach type xdp",
      "maps .kconfig, .rodata, flows", "waits  SEC(\"?tc\")  sched_cls, only on request",
      "flows  hash, key u32, value u64, max_entries 8", "limit  .rodata  s32 = 5",
      "CONFIG_HZ  kernel configuration, weak", " (sha1) or ",
      "odd  SEC(\"of_nobody\")  type unknown",
    ] {
      #expect(host.output.contains(part), "\(part) in:\n\(host.output)")
    }
    #expect(try host.run("inspect", "build/fw.bpf.o", "--output", "json") == .done)
    #expect(host.output.contains("\"default\": \"5\""))
    #expect(host.output.contains("\"sha256\": "))
  }

  /// Relocated against the types of another kernel, which a file holds.
  @Test func otherKernelsTypesDecide() throws {
    let task = "struct task_struct { %@ int pid; } __attribute__((preserve_access_index));"
    let program = """
      #include <linux/bpf.h>
      #include <bpf/bpf_helpers.h>
      TYPE
      int out;
      SEC("raw_tp/x") int reads(struct task_struct *task) {
        struct task_struct *(*current)(void) = (void *)BPF_FUNC_get_current_task;
        out = __builtin_preserve_access_index(&current()->pid) != 0;
        return __builtin_preserve_field_info(task->GONE, 2); }
      char _license[] SEC("license") = "GPL";
      """
    func compiled(_ fields: String, _ gone: String) throws -> [UInt8] {
      let type = task.split(separator: "%@").joined(separator: fields)
      let source = program.split(separator: "TYPE").joined(separator: type)
        .split(separator: "GONE").joined(separator: gone)
      return try Sandbox.read(try Sandbox.compile(source: source, name: "types"))
    }
    let host = FakeHost()
    host.objects["a.o"] = try compiled("int gone;", "gone")
    let other = try compiled("long first, second;", "first")
    // Both an ELF file with types and the types themselves.
    host.objects["vmlinux"] = other
    host.objects["raw.btf"] = try ObjectFile(parsing: other, name: "b.o").loadableBTF
    for file in ["vmlinux", "raw.btf"] {
      #expect(try host.run("inspect", "--btf", file, "--relocations", "a.o") == .done)
      #expect(host.output.contains("resolved against \(file)\n"), "\(host.output)")
      #expect(host.output.contains("byte_off struct task_struct.pid  4 → 16"), "\(host.output)")
      #expect(host.output.contains("field_exists struct task_struct.gone  1 → 0"))
      #expect(host.output.contains(" (sha1) or "))
    }
    #expect(try host.run("inspect", "--btf", "vmlinux", "--output", "json", "a.o") == .done)
    for part in [
      "\"access\": \"struct task_struct.pid\"", "\"local_value\": 4", "\"value\": 16",
      "\"status\": \"resolved\"", "\"types\": \"vmlinux\"",
    ] {
      #expect(host.output.contains(part), "\(part) in:\n\(host.output)")
    }
    // Without any types, what cannot be known is said to be unknown.
    #expect(try host.run("inspect", "--relocations", "a.o") == .done)
    #expect(host.output.contains("kernel types unknown: there is no kernel to ask"))
    #expect(host.output.contains("byte_off struct task_struct.pid  4\n"), "\(host.output)")
    #expect(host.output.contains("tag unknown (there is no kernel to ask)"))
    host.files["no.btf"] = "name: edge"
    #expect(try host.run("inspect", "--btf", "no.btf", "a.o") == .error)
    #expect(host.errors.contains("neither BTF nor an ELF file"), "\(host.errors)")
  }

  @Test func whatIsNoObjectIsSaid() throws {
    let host = FakeHost()
    #expect(try host.run("inspect", "edge.yaml") == .error)
    #expect(host.errors.contains("not an ELF file"))
    #expect(try host.run("init", "nowhere.o") == .error)
    #expect(host.errors.contains("not-found"))
  }

  @Test func draftIsValidAsItStands() throws {
    let host = try host()
    #expect(try host.run("init", "build/fw.bpf.o") == .done)
    let draft = host.output
    for line in [
      "name: fw", "    file: build/fw.bpf.o", "    #   limit: 5",
      "  fw/flows: {}  # hash, max_entries 8",
      "  fw/drops: {}  # SEC(\"xdp\")", "  # fw/waits: {}  # SEC(\"?tc\")",
      "  # fw/odd: {type: CHANGE_ME}", "  #   xdp: {interface: CHANGE_ME}", "  switches:",
    ] {
      #expect(draft.split(separator: "\n").contains(Substring(line)), "\(line) in:\n\(draft)")
    }
    host.files["fw.yaml"] = draft
    #expect(try host.run("validate", "fw.yaml") == .done)
    #expect(
      host.output == "fw.yaml is valid: 3 maps, 2 programs, 1 attachment, 0 pins.\n", "\(draft)")
  }

  @Test(arguments: [
    ("fw.bpf.o", "fw"), ("a/b/x-1.o", "x-1"), ("9.o", "_9"), (".o", "_"), ("", "_"),
    ("a b${c}.o", "a_b__c_"), ("é.o", "_"),
  ])
  func namesComeFromFiles(_ path: String, _ name: String) {
    #expect(ManifestDraft.name(of: path) == name)
    #expect(ScalarText.isName(ManifestDraft.name(of: path)))
  }
}
