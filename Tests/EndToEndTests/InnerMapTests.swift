import BPFKernel
import BPFObject
import Sandbox
import Testing

/// Maps of maps, from the object and of the manifest's own.
@Suite struct InnerMapTests {
  /// Counts packets in the map that slot 1 of `outer` holds.
  static let source = """
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>

    struct inner {
      __uint(type, BPF_MAP_TYPE_ARRAY);
      __type(key, __u32);
      __type(value, __u64);
      __uint(max_entries, 2);
    };
    struct inner first SEC(".maps"), second SEC(".maps");
    struct {
      __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
      __uint(key_size, 4);
      __uint(max_entries, 4);
      __array(values, struct inner);
    } outer SEC(".maps") = {.values = {[1] = &first, [3] = &second}};

    SEC("xdp")
    int count(struct xdp_md *ctx) {
      __u32 one = 1, zero = 0;
      void *inner = bpf_map_lookup_elem(&outer, &one);
      __u64 *packets = inner ? bpf_map_lookup_elem(inner, &zero) : 0;
      if (packets) __sync_fetch_and_add(packets, 1);
      return XDP_PASS;
    }
    char _license[] SEC("license") = "GPL";
    """

  private static func isIn(_ outer: Map, _ slot: UInt32, _ inner: Map) throws {
    let value = try outer.lookup(bytes(slot))
    try check(value == bytes(inner.info.id), "slot \(slot) holds \(value ?? [])")
  }

  @Test(.kernel) func `slots that stand in the object are filled, kept and put back`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("slots")
        try deployment.write(
          Sandbox.read(Sandbox.compile(source: InnerMapTests.source, name: "inner")),
          to: "inner.bpf.o")
        func write(_ more: String) throws {
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            objects: {i: {file: inner.bpf.o}}
            attachments: {up: {program: i/count, xdp: {interface: uplink}}}
            \(more)
            """)
        }
        func map(_ name: String) throws -> Map {
          try Pinned.map("\(deployment.pins)/maps/\(name)")
        }
        try write("")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let outer = try map("i/outer")
        try InnerMapTests.isIn(outer, 1, map("i/first"))
        try InnerMapTests.isIn(outer, 3, map("i/second"))
        try check(outer.lookup(bytes(UInt32(0))) == nil, "slot 0 is not empty")
        try check(Uplink.answers(of: 2) == 2, "no answer")
        try check(Pinned.counter("\(deployment.pins)/maps/i/first", 0) >= 2, "nothing was counted")

        // Another map of the same kind takes a slot, and one slot too many is filled.
        let foreign = try Map.create(
          MapParameters(
            type: .array, name: "foreign", keySize: 4, valueSize: 8, maxEntries: 2))
        for slot in [1, 2] as [UInt32] {
          try outer.update(bytes(slot), bytes(UInt32(bitPattern: foreign.descriptor.rawValue)))
        }
        try deployment.drift(status: 2, saying: "map.i/outer", "i/first")
        try Sandbox.run(
          [Deployment.executable, "drift", deployment.owner], directory: deployment.directory
        ).ended(2, saying: ["map.i/outer"])
        try deployment.apply(saying: "1 updated")
        try deployment.isSettled()
        try InnerMapTests.isIn(outer, 1, map("i/first"))
        try check(outer.lookup(bytes(UInt32(2))) == nil, "slot 2 is not empty")

        // A new inner map of the same form goes into the live outer map.
        let (old, outerID) = try (map("i/second").info.id, outer.info.id)
        try write("maps: {i/second: {map_flags: [numa_node_of_its_own]}}")
        try deployment.plan(status: 1, saying: "numa_node_of_its_own")
        try write("maps: {i/second: {numa_node: 0}}")
        try deployment.plan(
          status: 1, saying: "'i/second' cannot be in 'i/outer'", "other map_flags")
        // A frozen one cannot be thawed.
        try write("maps: {i/second: {freeze: true}}")
        try deployment.apply(saying: "1 updated")
        try write("maps: {i/second: {freeze: false, on_replace: recreate}}")
        try deployment.plan(
          status: 2, saying: "map.i/second will be replaced", "map.i/outer will be updated")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(map("i/second").info.id != old, "the inner map is the old one")
        try check(map("i/outer").info.id == outerID, "the outer map was replaced")
        try InnerMapTests.isIn(map("i/outer"), 3, map("i/second"))

        // Maps of another form need another outer map, and that another program.
        try write("maps: {i/second: {max_entries: 3}}")
        try deployment.plan(
          status: 1, saying: "'i/second' cannot be in 'i/outer'", "3 entries, not 2")
        try write(
          """
          maps:
            i/first: {max_entries: 3, on_replace: recreate}
            i/second: {max_entries: 3, on_replace: recreate}
            i/outer: {inner: {max_entries: 3}}
          """)
        try deployment.plan(
          status: 2, saying: "inner.max_entries = 2 -> 3", "map.i/outer will be replaced",
          "program.i/count will be replaced", "attachment.up/uplink will be updated in place")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try InnerMapTests.isIn(map("i/outer"), 1, map("i/first"))
        try check(map("i/first").info.maxEntries == 3, "the inner map is the old one")

        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
      }
    }
  }

  @Test(.kernel) func `a map of maps of the manifest's own holds the maps it names`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("own-outer")
        func write(_ tenants: String) throws {
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            maps:
              tenants:
                type: hash_of_maps
                key: ipv4
                max_entries: 8
                inner: {type: lpm_trie, key: {prefixlen: u32, addr: ipv4}, value: u32,
                        max_entries: 16, map_flags: [no_prealloc]}
                entries: {policy: exact, items: [\(tenants)]}
              slots:
                type: array_of_maps
                max_entries: 2
                inner: {type: array, value: u64, max_entries: 1}
              red: &tenant
                {type: lpm_trie, key: {prefixlen: u32, addr: ipv4}, value: u32, max_entries: 16,
                 map_flags: [no_prealloc]}
              blue: *tenant
            """)
        }
        try write("{key: 10.0.0.1, value: red}, {key: 10.0.0.2, value: blue}")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        func map(_ name: String) throws -> Map {
          try Pinned.map("\(deployment.pins)/maps/\(name)")
        }
        let tenants = try map("tenants")
        try check(tenants.lookup([10, 0, 0, 1]) == bytes(map("red").info.id), "10.0.0.1 is red")
        try write("{key: 10.0.0.1, value: blue}")
        try deployment.plan(status: 2, saying: "10.0.0.1 = red -> blue", "10.0.0.2")
        try deployment.apply(saying: "1 updated")
        try deployment.isSettled()
        try check(tenants.lookup([10, 0, 0, 1]) == bytes(map("blue").info.id), "10.0.0.1 is blue")
        try check(tenants.lookup([10, 0, 0, 2]) == nil, "10.0.0.2 is gone")
        try write("{key: 10.0.0.1, value: slots}")
        try deployment.plan(
          status: 1, saying: "'slots' cannot be in 'tenants'", "type array_of_maps, not lpm_trie",
          "manifest.yaml:")
        try write("{key: 10.0.0.1, value: blu}")
        try deployment.plan(status: 1, saying: "no map 'blu' is declared", "did you mean 'blue'?")
      }
    }
  }

  @Test(.kernel, .since(6, 9)) func `variables of an arena have their values when programs run`()
    async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("arena")
        try deployment.compile("arena")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {a: {file: arena.bpf.o, globals: {step: 5}}}
          programs: {a/advance: {}}
          """)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let program = try Pinned.program("\(deployment.pins)/programs/a/advance")
        for expected in [105, 110] as [UInt32] {
          let run = try program.testRun(TestRunInput(repeats: 0))
          try check(run.returnValue == expected, "\(run.returnValue) is not \(expected)")
        }
      }
    }
  }
}
