import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Packets without end: a thread runs `emit` of the fixture, whose copies enter `uplink` through its
/// peer.
final class PacketStorm: @unchecked Sendable {
  private let program: BPFKernel.Program
  private let interface: UInt32
  private let lock = Flag()
  private var thread = pthread_t()

  init(_ program: BPFKernel.Program, into interface: String) throws {
    self.program = program
    self.interface = UInt32(if_nametoindex(interface))
    try check(self.interface != 0, "no interface \(interface)")
    // The thread is in the namespaces of the one that starts it.
    let context = Unmanaged.passRetained(self).toOpaque()
    let made = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let storm = Unmanaged<PacketStorm>.fromOpaque(context).takeRetainedValue()
        storm.blow()
        return nil
      }, context)
    try check(made == 0, "pthread_create: \(made)")
  }

  private func blow() {
    // struct __sk_buff, of which `mark` is the third word.
    var context = [UInt8](repeating: 0, count: 192)
    withUnsafeBytes(of: interface) { context.replaceSubrange(8..<12, with: $0) }
    let input = TestRunInput(
      data: [UInt8](repeating: 1, count: 64), context: context, repeats: 200, dataRoom: 0,
      contextRoom: 0)
    while !lock.isSet { _ = try? program.testRun(input) }
  }

  func end() {
    lock.set()
    pthread_join(thread, nil)
  }
}

/// A flag between two threads.
final class Flag: @unchecked Sendable {
  private var mutex = pthread_mutex_t()
  private var value = false
  init() { pthread_mutex_init(&mutex, nil) }
  var isSet: Bool {
    pthread_mutex_lock(&mutex)
    defer { pthread_mutex_unlock(&mutex) }
    return value
  }
  func set() {
    pthread_mutex_lock(&mutex)
    value = true
    pthread_mutex_unlock(&mutex)
  }
}

/// The fixture flows.bpf.c, deployed on one end of a veth pair in the sandbox.
final class Flows {
  let deployment: Deployment
  let entries: Int
  var table: String { "\(deployment.pins)/maps/f/flows" }

  init(entries: Int) throws {
    self.entries = entries
    deployment = try Deployment("flows")
    for command in [
      "ip link add uplink type veth peer name outside", "ip link set uplink up",
      "ip link set outside up",
    ] {
      try Sandbox.run(command.split(separator: " ").map(String.init)).succeeded()
    }
    try release(1)
    try deployment.apply()
    // Every key is there, with a packet counted already.
    let map = try Pinned.map(table)
    for start in stride(from: 0, to: entries, by: 10_000) {
      let keys = (start..<min(start + 10_000, entries)).map { UInt32($0) }
      try map.updateBatch(
        keys: keys.flatMap { key in withUnsafeBytes(of: key) { Array($0) } },
        values: keys.flatMap { key in
          withUnsafeBytes(of: UInt64(1)) { Array($0) } + [0, 0, 0, 0]
            + withUnsafeBytes(of: key) { Array($0) }
        })
    }
  }

  func release(_ number: Int, map: String = "{on_replace: migrate, merge: {packets: sum}}") throws {
    try deployment.compile("flows", options: ["-DRELEASE=\(number)", "-DENTRIES=\(entries)"])
    try deployment.write(
      """
      apiVersion: bpfapply/v1
      name: \(deployment.owner)
      objects: {f: {file: flows.bpf.o}}
      maps:
        f/flows: \(map)
        f/.bss: {merge: {updates: sum}}
      programs: {f/emit: {}}
      attachments: {up: {program: f/count, xdp: {interface: uplink, mode: native}}}
      """)
  }

  func storm() throws -> PacketStorm {
    try PacketStorm(Pinned.program("\(deployment.pins)/programs/f/emit"), into: "outside")
  }

  func total(_ release: UInt32) throws -> Int {
    try Pinned.counter("\(deployment.pins)/maps/f/totals", release - 1)
  }

  /// Programs are done with all packets that were sent.
  func settle() throws {
    func packets(_ slot: UInt32) throws -> Int {
      try Pinned.counter("\(deployment.pins)/maps/f/totals", slot)
    }
    try eventually("the end of \(packets(2)) packets, \(packets(3)) so far") {
      try packets(2) == packets(3)
    }
  }

  /// What the table holds: keys, the sum of the packets, and how many values lost their owner.
  func audit(offset: Int) throws -> (keys: Int, packets: Int, strange: Int) {
    var result = (keys: 0, packets: 0, strange: 0)
    let map = try Pinned.map(table)
    var position: BatchPosition?
    repeat {
      let batch = try map.lookupBatch(after: position, count: 65_536)
      for row in 0..<batch.count {
        let value = batch.values[row * map.valueSizeOrZero..<(row + 1) * map.valueSizeOrZero]
        let start = value.startIndex + offset
        result.packets += value[start..<start + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let key = batch.keys[row * 4..<row * 4 + 4]
        if !value[start + 12..<start + 16].elementsEqual(key) { result.strange += 1 }
      }
      result.keys += batch.count
      position = batch.next
    } while position != nil
    return result
  }

  /// Every key with its own value, and not one packet lost or counted twice.
  func isExact(offset: Int) throws {
    let (old, new) = (try total(1), try total(2))
    let counted = old + new
    let found = try audit(offset: offset)
    try check(found.keys == entries, "\(found.keys) keys of \(entries)")
    try check(found.strange == 0, "\(found.strange) entries have another's value")
    try check(
      found.packets == entries + counted,
      "\(found.packets) packets in the table, \(entries + counted) were counted "
        + "(\(old) and \(new))")
  }
}

extension Map {
  var valueSizeOrZero: Int { (try? valueSize) ?? 0 }
}

@Suite(.serialized) struct MigrationTests {
  /// The full size is a million.
  static let entries =
    getenv("BPFAPPLY_TEST_ENTRIES").flatMap { Int(String(cString: $0)) }
    ?? (Sandbox.isRequired ? 300_000 : 100_000)

  @Test(.kernel) func `an upgrade under full traffic loses no key and no count`() async {
    await #expect(processExitsWith: .success) { [entries = MigrationTests.entries as Int] in
      endToEnd {
        let flows = try Flows(entries: entries)
        let old = try Pinned.map(flows.table).info.id
        let storm = try flows.storm()
        try eventually("packets through the first release") { try flows.total(1) > 1_000_000 }
        try flows.release(2)
        try flows.deployment.plan(
          status: 2, saying: "map.f/flows will be replaced", "max_entries = \(entries) -> ",
          "its entries are carried over", "kept: packets, last, owner", "bytes (u64)",
          "packets is summed up", "map.f/.bss will be replaced", "its variables keep their values")
        let applied = try flows.deployment.apply(saying: "entries carried over", "Done")
        try check(!applied.output.contains("user space"), applied.output)
        try eventually("packets through the second release") { try flows.total(2) > 1_000_000 }
        storm.end()
        try flows.settle()
        let map = try Pinned.map(flows.table).info
        try check(map.id != old && map.maxEntries == UInt32(entries * 2), "the map is the old one")
        try flows.isExact(offset: 8)
        // u64 added_later, u64 updates, u32 level stands in .data
        let bss = try Pinned.map("\(flows.deployment.pins)/maps/f/%2Ebss")
        let updates = try bss.lookup([0, 0, 0, 0]) ?? []
        let counted = try flows.total(1) + flows.total(2)
        let sums = stride(from: 0, to: updates.count, by: 8).map { start in
          updates[start..<min(start + 8, updates.count)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        try check(sums.contains(counted), "updates: \(sums), counted \(counted)")
        try flows.deployment.isSettled()
      }
    }
  }

  @Test(.kernel) func `an upgrade that fails after the swap brings the counts back`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let flows = try Flows(entries: 20_000)
        let old = try Pinned.map(flows.table).info.id
        let storm = try flows.storm()
        try eventually("packets through the first release") { try flows.total(1) > 100_000 }
        try flows.release(2)
        let failed = try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2"]
            + ["-e", "inject=renameat2:error=ENOSPC:when=3", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"],
          directory: flows.deployment.directory)
        try check(failed.status == 6, "ended with \(failed.status): \(failed.output)")
        let before = try flows.total(1)
        try eventually("packets through the first release again") {
          try flows.total(1) > before + 100_000
        }
        storm.end()
        try flows.settle()
        try check(flows.total(2) > 0, "the second release never ran")
        try check(Pinned.map(flows.table).info.id == old, "the map is another one")
        try flows.isExact(offset: 0)
      }
    }
  }

  @Test(
    .kernel,
    arguments: [
      "renameat2:1", "renameat2:2", "renameat2:3", "renameat2:5", "renameat2:7", "unlinkat:1",
      "unlinkat:4", "membarrier:1", "bpf:60", "bpf:90", "bpf:110", "bpf:130", "bpf:150",
    ])
  func `killed in a migration, one apply finishes it exactly`(point: String) async {
    await #expect(processExitsWith: .success) { [point = point as String] in
      endToEnd {
        let flows = try Flows(entries: 20_000)
        let storm = try flows.storm()
        try eventually("packets through the first release") { try flows.total(1) > 100_000 }
        try flows.release(2)
        let parts = point.split(separator: ":")
        let killed = try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(parts[0])"]
            + ["-e", "inject=\(parts[0]):signal=KILL:when=\(parts[1])", Deployment.executable]
            + ["apply", "--auto-approve", "manifest.yaml"], directory: flows.deployment.directory)
        try check(
          killed.status == 128 + SIGKILL || killed.status == 0,
          "ended with \(killed.status): \(killed.output)\(killed.errors)")
        try flows.deployment.apply()
        try flows.deployment.isSettled()
        storm.end()
        try flows.settle()
        try flows.isExact(offset: 8)
        let pins = try BPFFilesystem().root.walk().pins.map(\.path)
        try check(!pins.contains { $0.contains("/next/") }, "left: \(pins)")
        let map = try Pinned.map(flows.table).info
        try check(map.maxEntries == 40_000, "the map was not replaced")
      }
    }
  }

  @Test(.kernel) func `a hash of maps keeps its maps`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("nested")
        func manifest(_ count: Int) throws {
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            maps:
              tenants:
                {type: hash_of_maps, key: u32, max_entries: \(count), on_replace: migrate,
                 inner: {type: array, key: u32, value: u64, max_entries: 4}}
            """)
        }
        try manifest(8)
        try deployment.apply()
        let path = "\(deployment.pins)/maps/tenants"
        let inner = try Map.create(
          MapParameters(type: .array, name: "tenant", keySize: 4, valueSize: 8, maxEntries: 4))
        let descriptor = UInt32(inner.descriptor.rawValue)
        try Pinned.map(path).update([7, 0, 0, 0], withUnsafeBytes(of: descriptor) { Array($0) })
        try manifest(16)
        try deployment.plan(status: 2, saying: "its entries are carried over")
        try deployment.apply(saying: "1 entry carried over")
        try deployment.isSettled()
        let outer = try Pinned.map(path)
        try check(outer.info.maxEntries == 16, "the map was not replaced")
        let found = try outer.lookup([7, 0, 0, 0]) ?? []
        let id = withUnsafeBytes(of: inner.info.id) { Array($0) }
        try check(found == id, "tenant 7 is \(found), not \(id)")
      }
    }
  }

  /// Maps of the manifest's own with nobody who writes, before and after.
  @Test(.kernel) func `every kind of map that can be carried over is`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("kinds")
        func manifest(_ count: Int, _ value: String) throws {
          func map(_ type: String, _ key: String, flags: String = "") -> String {
            "{type: \(type), key: \(key), value: \(value), max_entries: \(count)\(flags), "
              + "on_replace: migrate}"
          }
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            maps:
              hash: \(map("hash", "u32"))
              lru: \(map("lru_hash", "u32"))
              array: \(map("array", "u32"))
              percpu-hash: \(map("percpu_hash", "u32"))
              percpu-array: \(map("percpu_array", "u32"))
              lpm: \(map("lpm_trie", "{prefixlen: u32, addr: ipv4}", flags: ", map_flags: [no_prealloc]"))
            """)
        }
        try manifest(200, "{a: u32, b: u16}")
        try deployment.apply()
        let names = ["hash", "lru", "array", "percpu-hash", "percpu-array", "lpm"]
        func map(_ name: String) throws -> Map {
          try Pinned.map("\(deployment.pins)/maps/\(name)")
        }
        let key: [UInt8] = [32, 0, 0, 0]
        for name in names {
          let target = try map(name)
          let value: [UInt8] = [1, 2, 3, 4, 5, 0x86, 0, 0]
          let copies = try target.valueSize / 8
          try target.update(
            name == "lpm" ? key + [10, 0, 0, 1] : key, (0..<copies).flatMap { _ in value })
        }
        try manifest(400, "{new: u32, b: u64, a: u64}")
        try deployment.plan(
          status: 2, saying: "zero at first: new (u32)",
          "made wider: b (u16 -> u64), a (u32 -> u64)",
          "if the apply is killed in between, no key is lost")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        for name in names {
          let target = try map(name)
          let wanted: [UInt8] =
            [0, 0, 0, 0, 0, 0, 0, 0, 5, 0x86, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
            + [0, 0, 0, 0]
          let copies = try target.valueSize / 24
          let found = try target.lookup(name == "lpm" ? key + [10, 0, 0, 1] : key)
          try check(
            found == (0..<copies).flatMap { _ in wanted }, "\(name): \(found ?? [])")
          try check(target.info.maxEntries == 400, name)
        }
        try manifest(400, "{new: u32, b: u16, a: u64}")
        try deployment.plan(
          status: 4, saying: "cannot be carried over", "b cannot be carried over (u64 -> u16)")
      }
    }
  }
}
