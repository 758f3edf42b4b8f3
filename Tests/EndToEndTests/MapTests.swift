import BPFKernel
import BPFObject
import Sandbox
import Testing

@Suite struct MapTests {
  /// Maps of the manifest's own, of each type that it can ask for.
  static let maps = """
    hash:
      {type: hash, key: u32, value: u64, max_entries: 16, map_flags: [no_prealloc],
       entries: {policy: exact, items: [{key: 1, value: 10}, {key: 2, value: 20}]}}
    hash-merged:
      {type: hash, key: ipv4, value: {packets: u64, bytes: u32}, max_entries: 16,
       entries: {policy: merge, items: [{key: 10.0.0.1, value: {packets: 1, bytes: 2}}]}}
    hash-seeded:
      {type: hash, key: mac, value: u8, max_entries: 16,
       entries: {policy: seed, items: [{key: "02:00:00:00:00:01", value: 1}]}}
    array:
      {type: array, key: u32, value: be32, max_entries: 4, freeze: true,
       entries: {policy: exact, items: [{key: 0, value: 1}, {key: 3, value: 0x01020304}]}}
    percpu-hash:
      {type: percpu_hash, key: u16, value: u64, max_entries: 16,
       entries: {policy: exact, items: [{key: 7, value: 3}]}}
    percpu-array:
      {type: percpu_array, key: u32, value: u64, max_entries: 2,
       entries: {policy: merge, items: [{key: 1, value: 5}]}}
    lru:
      {type: lru_hash, key: u32, value: u32, max_entries: 128,
       entries: {policy: seed, items: [{key: 1, value: 1}]}}
    lru-percpu: {type: lru_percpu_hash, key: u32, value: u32, max_entries: 128}
    lpm:
      {type: lpm_trie, key: {prefixlen: u32, addr: ipv4}, value: u32, max_entries: 16,
       map_flags: [no_prealloc],
       entries: {policy: exact, items: [{key: 10.0.0.0/8, value: 1}, {key: 10.1.0.0/16, value: 2}]}}
    programs: {type: prog_array, max_entries: 4}
    events: {type: ringbuf, max_entries: 4096}
    samples: {type: perf_event_array, max_entries: 4}
    queue:
      {type: queue, value: u32, max_entries: 4,
       entries: {policy: seed, items: [{value: 1}, {value: 2}]}}
    stack: {type: stack, value: u32, max_entries: 4, entries: {policy: seed, items: [{value: 9}]}}
    bloom:
      {type: bloom_filter, value: u32, max_entries: 64, map_extra: 3,
       entries: {policy: merge, items: [{value: 5}]}}
    devices:
      {type: devmap, max_entries: 4,
       entries: {policy: exact, items: [{key: 0, value: uplink}]}}
    devices-hash: {type: devmap_hash, max_entries: 4}
    cpus:
      {type: cpumap, max_entries: 2,
       entries: {policy: exact, items: [{key: 0, value: 256}]}}
    """.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")

  @Test(.kernel) func `every map type is made, filled, left alone and removed`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("maps")
        try deployment.write(
          "apiVersion: bpfapply/v1\nname: \(deployment.owner)\nmaps:\n\(MapTests.maps)\n")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let before = try Snapshot.take()
        try deployment.apply(saying: "No changes.")
        try before.isUnchanged(in: Snapshot.take(), after: "a second apply")

        func map(_ name: String) throws -> Map {
          try Pinned.map("\(deployment.pins)/maps/\(name)")
        }
        let types = try [
          "hash", "array", "percpu-hash", "lru", "lpm", "events", "queue", "bloom", "cpus",
        ]
        .map { try map($0).info.type.description }
        try check(
          types == [
            "hash", "array", "percpu_hash", "lru_hash", "lpm_trie", "ringbuf", "queue",
            "bloom_filter", "cpumap",
          ], "types: \(types)")
        try check(map("hash").lookup([2, 0, 0, 0]) == [20, 0, 0, 0, 0, 0, 0, 0], "hash[2]")
        try check(map("array").lookup([3, 0, 0, 0]) == [1, 2, 3, 4], "array[3] is big-endian")
        try check(map("lpm").keys().count == 2, "two prefixes")
        try check(
          map("hash-merged").lookup([10, 0, 0, 1])
            == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], "a structure by its fields")
        let index = try NetworkInterface.index(of: "uplink") ?? 0
        try check(
          map("devices").lookup([0, 0, 0, 0])?.prefix(4).elementsEqual(bytes(index)) == true,
          "the interface's index")
        let perCPU = try map("percpu-hash").lookup([7, 0]) ?? []
        try check(
          !perCPU.isEmpty
            && stride(from: 0, to: perCPU.count, by: 8).allSatisfy { perCPU[$0] == 3 },
          "every CPU has the value: \(perCPU)")
        let frozen = try Sandbox.run(
          ["bpftool", "map", "update", "pinned", "\(deployment.pins)/maps/array"]
            + ["key", "0", "0", "0", "0", "value", "0", "0", "0", "9"])
        try check(frozen.status != 0, "the frozen array was changed")
        try check(map("queue").take() == [1, 0, 0, 0], "first in, first out")

        // Seeded and drained maps are not looked at again; merged ones may hold more.
        try map("hash-seeded").update([2, 0, 0, 0, 0, 9], [1])
        try map("hash-merged").update([10, 0, 0, 2], [UInt8](repeating: 0, count: 16))
        try deployment.isSettled()
        // Another entry than declared in an exact map, and a declared one gone from a merged map.
        try map("lpm").update([8, 0, 0, 0, 11, 0, 0, 0], [1, 0, 0, 0])
        _ = try map("hash-merged").delete([10, 0, 0, 1])
        try deployment.drift(
          status: 2, saying: "2 resources drifted", "map.lpm", "map.hash-merged")
        try deployment.apply(saying: "Done: 2 updated")
        try deployment.isSettled()
        try check(map("lpm").keys().count == 2, "the prefix that was added is gone")
        try check(
          map("hash-merged").lookup([10, 0, 0, 2]) != nil, "what others put there was removed")

        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
      }
    }
  }

  @Test(.kernel) func `a full map is said to be full, and nothing has changed`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("full")
        func write(_ keys: ClosedRange<Int>) throws {
          let items = keys.map { "{key: \($0), value: 1}" }.joined(separator: ", ")
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            maps:
              m: {type: hash, key: u32, value: u32, max_entries: 2, entries: {policy: merge, items: [\(items)]}}
            """)
        }
        try write(1...2)
        try deployment.apply(saying: "Done")
        let before = try Snapshot.take()
        try write(3...4)
        try write(1...2)
        try Pinned.map("\(deployment.pins)/maps/m").delete([1, 0, 0, 0])
        try Pinned.map("\(deployment.pins)/maps/m").update([9, 0, 0, 0], [9, 0, 0, 0])
        let tampered = try Snapshot.take()
        try deployment.apply(status: 6, saying: "map.m", "full")
        try tampered.isUnchanged(in: Snapshot.take(), after: "a full map")
        try check(before != tampered, "the map was not tampered with")

        // More entries than there is room for is a mistake of the manifest.
        try write(1...3)
        let refusal = try deployment.bpfapply("plan", "manifest.yaml", status: 1)
        try check(
          refusal.errors.contains("manifest.yaml:4:") && refusal.errors.contains("max_entries"),
          refusal.errors)
      }
    }
  }
}

/// The bytes of an integer in host order.
func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number) { Array($0) }
}
