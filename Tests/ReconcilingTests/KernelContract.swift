import BPFObject
import Planning
import Reconciling
import Testing

/// What the applier relies on, whatever kernel is below it. Written once; the fake and the live
/// kernel both have to keep it.
///
/// Each case makes what it needs and leaves nothing. Every expectation has a comment, since the live
/// cases run in child processes of which only comments come back.
struct KernelContract<K: Kernel> {
  let kernel: K
  /// An owner's directory on a bpffs that may be written, not there yet.
  let root: String
  /// An interface that XDP and TCX programs can be attached to.
  let interface: InterfaceName

  static var cases: [String: (KernelContract<K>) throws -> Void] {
    [
      "hash entries": { try $0.hashEntries() },
      "array elements": { try $0.arrayElements() },
      "per-CPU values": { try $0.perCPUValues() },
      "frozen maps": { try $0.frozenMaps() },
      "program tags and maps": { try $0.programTagsAndMaps() },
      "owner metadata": { try $0.ownerMetadata() },
      "test runs": { try $0.testRuns() },
      "prog_array slots": { try $0.progArraySlots() },
      "objects go with their last reference": { try $0.lastReference() },
      "pins": { try $0.pinning() },
      "pin exchange": { try $0.pinExchange() },
      "pin attributes": { try $0.pinAttributes() },
      "XDP links": { try $0.xdpLinks() },
      "TCX links": { try $0.tcxLinks() },
      "links without LINK_DETACH": { try $0.linksWithoutDetach() },
      "inventory": { try $0.inventory() },
      "lock": { try $0.locking() },
    ]
  }

  // MARK: Maps

  func hashEntries() throws {
    let map = try kernel.createMap(
      MapCreation(map: MapSpec(name: "h", type: .hash, keySize: 4, valueSize: 8, maxEntries: 3)))
    #expect(try kernel.read(map).isEmpty, "a new hash is empty")
    let rows = Fixture.table(keySize: 4, valueSize: 8, [1: 10, 2: 20, 3: 30])
    try kernel.write(rows, to: map)
    #expect(try kernel.read(map) == rows, "what was written is read")
    expectFailure(7, "a full hash is E2BIG") {
      try kernel.write(Fixture.table(keySize: 4, valueSize: 8, [4: 40]), to: map)
    }
    try kernel.remove(key: Fixture.bytes(2, 4), from: map)
    try kernel.remove(key: Fixture.bytes(2, 4), from: map)
    #expect(
      try kernel.read(map) == Fixture.table(keySize: 4, valueSize: 8, [1: 10, 3: 30]),
      "a removed key is gone, and removing it again is no error")
  }

  func arrayElements() throws {
    let map = try kernel.createMap(
      MapCreation(map: MapSpec(name: "a", type: .array, keySize: 4, valueSize: 4, maxEntries: 2)))
    #expect(
      try kernel.read(map) == Fixture.table(keySize: 4, valueSize: 4, [0: 0, 1: 0]),
      "an array is born with zeros")
    expectFailure(7, "an index out of range is E2BIG") {
      try kernel.write(Fixture.table(keySize: 4, valueSize: 4, [2: 1]), to: map)
    }
    expectFailure(22, "an element cannot be removed") {
      try kernel.remove(key: Fixture.bytes(0, 4), from: map)
    }
  }

  func perCPUValues() throws {
    let map = try kernel.createMap(
      MapCreation(
        map: MapSpec(name: "p", type: .percpuHash, keySize: 4, valueSize: 4, maxEntries: 2)))
    try kernel.write(Fixture.table(keySize: 4, valueSize: 4, [1: 7]), to: map)
    let seen = try kernel.read(map)
    let cpus = try kernel.observe(ObservationScope(owner: "o", root: root)).host.possibleCPUs
    #expect(seen.valueSize == 8 * cpus, "all possible CPUs' values, each rounded up to 8 bytes")
    #expect(
      Array(seen.value(0)) == (0..<cpus).flatMap { _ in Fixture.bytes(7, 8) },
      "one CPU's value was written for every CPU")
    try kernel.write(seen, to: map)
    #expect(try kernel.read(map) == seen, "all CPUs' values are written as they are")
  }

  func frozenMaps() throws {
    let map = try kernel.createMap(
      MapCreation(map: MapSpec(name: "f", type: .array, keySize: 4, valueSize: 4, maxEntries: 1)))
    try kernel.write(Fixture.table(keySize: 4, valueSize: 4, [0: 5]), to: map)
    try kernel.freeze(map)
    expectFailure(1, "a frozen map is EPERM") {
      try kernel.write(Fixture.table(keySize: 4, valueSize: 4, [0: 6]), to: map)
    }
    #expect(
      try kernel.read(map) == Fixture.table(keySize: 4, valueSize: 4, [0: 5]),
      "a frozen map can be read")
  }

  func progArraySlots() throws {
    let array = try kernel.createMap(
      MapCreation(
        map: MapSpec(name: "jumps", type: .progArray, keySize: 4, valueSize: 4, maxEntries: 2)))
    let program = try load("one", returning: 1)
    try kernel.write(
      [MapSlot(key: Fixture.bytes(1, 4), value: Fixture.bytes(0, 4), target: program)], to: array)
    #expect(
      try kernel.read(array) == Fixture.table(keySize: 4, valueSize: 4, [1: UInt64(program.id)]),
      "a slot reads as the program's id")
    try kernel.remove(key: Fixture.bytes(1, 4), from: array)
    #expect(try kernel.read(array).isEmpty, "a cleared slot is not listed")
  }

  // MARK: Programs

  func programTagsAndMaps() throws {
    let map = try kernel.createMap(
      MapCreation(map: MapSpec(name: "m", type: .array, keySize: 4, valueSize: 4, maxEntries: 1)))
    let first = try load("first", returning: 2, map: map)
    let same = try load("same", returning: 2, map: map)
    let other = try load("other", returning: 1, map: map)
    #expect(first.id != 0 && first.id != same.id, "each load has an id of its own")
    #expect(first.tag?.utf8.count == 16, "the tag is eight bytes in hex")
    #expect(first.tag == same.tag && first.tag != other.tag, "the tag is that of the instructions")
    let seen = try program(first)
    #expect(seen?.mapIDs == [map.id], "the program lists its map")
    #expect(seen?.tag == first.tag && seen?.type == .xdp, "observation agrees")
    #expect(try kernel.open(.program, id: first.id).tag == first.tag, "opening by id tells the tag")
  }

  func ownerMetadata() throws {
    let metadata = ProgramMetadata(owner: "edge", object: "fw", digest: "0123abcd", bpffsDevice: 42)
    let (btf, spec) = OwnerMetadata(metadata).build()
    let map = try kernel.createMap(MapCreation(map: spec, btf: kernel.loadBTF(btf)))
    try kernel.write(
      EntryTable(
        keySize: 4, valueSize: Int(spec.valueSize), keys: [0, 0, 0, 0],
        values: spec.data?.contents ?? []), to: map)
    try kernel.freeze(map)
    let program = try load("owned", returning: 2)
    let tag = program.tag
    try kernel.bind(map, to: program)
    let seen = try self.program(program)
    #expect(seen?.metadata == metadata, "the program carries its owner")
    #expect(seen?.mapIDs.contains(map.id) == true, "the bound map is listed")
    #expect(seen?.tag == tag, "binding does not change the tag")
  }

  func lastReference() throws {
    var map: K.Object? = try kernel.createMap(
      MapCreation(map: MapSpec(name: "m", type: .array, keySize: 4, valueSize: 4, maxEntries: 1)))
    var program: K.Object? = try load("p", returning: 2, map: map)
    let ids: [(ObjectKind, UInt32)] = [
      (.map, map?.id ?? 0), (.program, try #require(program).id),
    ]
    map = nil
    #expect(
      try kernel.waitUntilGone([ids[0]], seconds: 0).count == 1, "the program keeps its map")
    program = nil
    #expect(try kernel.waitUntilGone(ids, seconds: 2).isEmpty, "both go with the program")
    expectFailure(2, "an id that is gone is ENOENT") {
      _ = try kernel.open(.map, id: ids[0].1)
    }
  }

  // MARK: Pieces

  func load(_ name: String, returning: Int32, map: K.Object? = nil, type: ProgramType = .xdp)
    throws(KernelFailure) -> K.Object
  {
    let image = Fixture.image(
      name, type: type, returning: returning, maps: map == nil ? [] : ["m"])
    return try kernel.loadProgram(ProgramLoad(image: image, maps: map.map { ["m": $0] } ?? [:]))
  }

  func observe(hooks: Set<Hook> = [], paths: Set<String> = []) throws(KernelFailure)
    -> ObservedState
  {
    try kernel.observe(
      ObservationScope(owner: "contract", root: root, paths: paths, hooks: hooks))
  }

  func program(_ object: K.Object) throws(KernelFailure) -> ObservedProgram? {
    try observe().programs.first { $0.id == object.id }
  }

  /// The call fails with that errno.
  func expectFailure(
    _ errno: Int32, _ comment: Comment, sourceLocation: SourceLocation_ = #_sourceLocation,
    _ call: () throws -> Void
  ) {
    do {
      try call()
      Issue.record("\(comment): it succeeded", sourceLocation: sourceLocation)
    } catch {
      #expect(
        (error as? KernelFailure)?.errorNumber == errno, comment, sourceLocation: sourceLocation)
    }
  }
}

/// Planning has a type of this name too.
typealias SourceLocation_ = Testing.SourceLocation
