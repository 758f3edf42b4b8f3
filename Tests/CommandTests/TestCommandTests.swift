import FakeKernel
import Planning
import Sandbox
import Testing

@testable import bpfapply

/// `test`, and what `apply` and `plan --verify` say of tests.
@Suite struct TestCommandTests {
  private static let source = """
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>
    struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __type(value, __u64);
      __uint(max_entries, 8); } flows SEC(".maps");
    SEC("xdp") int drops(struct xdp_md *ctx) { __u32 key = 1; __u64 value = 2;
      bpf_map_update_elem(&flows, &key, &value, BPF_ANY); return XDP_DROP; }
    SEC("tc") int passes(struct __sk_buff *ctx) { return 0; }
    char _license[] SEC("license") = "GPL";
    """

  static func manifest(_ code: String) -> String {
    """
    apiVersion: bpfapply/v1
    name: edge
    objects: {fw: {file: fw.bpf.o}}
    programs:
      fw/drops:
        tests:
          - {name: drops, packet: {ipv4: {}}, expect: {return: XDP_DROP}}
          - name: counts nothing
            packet: {ipv4: {}}
            expect:
              return: \(code)
              packet: {ipv4: {ttl: 63}}
              entries: {fw/flows: [{key: 1, value: 3}]}
          - {name: names an interface, packet: {ipv4: {}}, ctx: {ingress_ifindex: nope0}, expect: {return: 1}}
      fw/passes:
        tests: [{name: passes, packet: {ipv4: {}}, expect: {return: TC_ACT_OK}}]
    """
  }

  private func host(_ code: String = "XDP_PASS") throws -> FakeHost {
    let host = FakeHost(manifest: Self.manifest(code))
    let path = try Sandbox.compile(source: Self.source, name: "tested")
    host.objects["fw.bpf.o"] = try Sandbox.read(path)
    // The fake does not run code: it returns what was moved to r0 last.
    host.kernel.runs["drops"] = { kernel, maps, _, output in
      var output = output
      output.returnCode = 1
      for map in maps {
        kernel.setEntry(map: map, key: [1, 0, 0, 0], value: [2, 0, 0, 0, 0, 0, 0, 0])
      }
      return output
    }
    return host
  }

  @Test func testsAreListedByProgramWithWhatDiffers() throws {
    let host = try host()
    #expect(try host.run("test", "edge.yaml") == .error)
    try expectGolden(host.output, "test.txt")
    #expect(host.errors.isEmpty)
    #expect(try host.run("test", "edge.yaml", "--output", "json") == .error)
    try expectGolden(host.output, "test.json")
    #expect(host.kernel.handles == 0)
  }

  @Test func aFilterChoosesByProgramAndName() throws {
    let host = try host()
    #expect(try host.run("test", "edge.yaml", "--filter", "fw/passes") == .done)
    #expect(host.output.contains("1 test: 1 passed."))
    #expect(try host.run("test", "edge.yaml", "--filter", "pass*", "--filter", "drop?") == .done)
    #expect(host.output.contains("2 tests: 2 passed."))
    #expect(try host.run("test", "edge.yaml", "--filter", "program.fw/dr*") == .error)
    #expect(try host.run("test", "edge.yaml", "--filter", "nothing") == .error)
    #expect(host.errors.contains("none of the 4 tests fits the filter"))
    let bare = FakeHost()
    #expect(try bare.run("test", "edge.yaml") == .error)
    #expect(bare.errors.contains("no program of edge.yaml has tests"))
    #expect(bare.kernel.calls.isEmpty)
  }

  @Test func missingCapabilitiesAreNamed() throws {
    let host = try host()
    host.kernel.held = []
    #expect(try host.run("test", "edge.yaml") == .error)
    #expect(host.errors.contains("CAP_BPF to load programs"))
    #expect(host.mutatingCalls.isEmpty)
  }

  @Test func aFailureStopsApplyAndVerify() throws {
    let host = try host()
    let before = host.kernel.state
    #expect(try host.run("apply", "--auto-approve", "edge.yaml") == .rolledBack)
    for part in [
      "FAILED         counts nothing  (edge.yaml:8)", "returned XDP_DROP, expected XDP_PASS",
      "failed         run the tests of program.fw/drops", "cannot be run  names an interface",
      "Failed: what had been done was undone.",
    ] {
      #expect(host.output.contains(part), "\(part) in:\n\(host.output)")
    }
    #expect(host.errors.contains("error[test-failed]: program.fw/drops: the test 'counts nothing'"))
    #expect(host.errors.contains("--> edge.yaml:8:15"))
    #expect(host.kernel.state.differences(from: before) == [])
    #expect(try host.run("plan", "--verify", "edge.yaml") == .error)
    #expect(host.output.contains("FAILED         counts nothing"))
    #expect(try host.run("apply", "--auto-approve", "--output", "json", "edge.yaml") == .rolledBack)
    #expect(host.output.contains(#"{"type":"test","test":{"program":"fw/drops","name":"drops""#))
    #expect(host.output.contains(#""what":"return","expected":"XDP_PASS","got":"XDP_DROP""#))
  }

  @Test func whatPassesIsCounted() throws {
    let manifest = Self.manifest("XDP_DROP").replacing("ttl: 63", with: "")
      .replacing("value: 3", with: "value: 2")
    let host = try host()
    host.files["edge.yaml"] = manifest
    #expect(try host.run("plan", "--verify", "edge.yaml") == .done)
    #expect(host.output.contains("4 tests: 3 passed, 1 cannot be run here."))
    #expect(try host.run("apply", "--auto-approve", "edge.yaml") == .done)
    #expect(host.output.contains("4 tests: 3 passed, 1 cannot be run here."))
    #expect(!host.output.contains("passed         drops"))
    #expect(try host.run("apply", "--auto-approve", "edge.yaml") == .done)
    #expect(!host.output.contains("tests:"))
  }
}
