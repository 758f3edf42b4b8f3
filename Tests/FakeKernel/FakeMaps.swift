import BPFObject
import Planning
import Reconciling

extension FakeKernel {
  public func createMap(_ creation: MapCreation<FakeObject>) throws(KernelFailure) -> FakeObject {
    let spec = creation.map
    try enter("createMap", spec.name)
    func invalid(_ message: String) -> KernelFailure {
      failure("BPF_MAP_CREATE", spec.name, Errno.inval, message)
    }
    var made = MapRecord(spec: spec, btf: creation.btf?.key)
    if spec.kernelName.utf8.count > 15 { throw invalid("the name is too long") }
    switch spec.type {
    case .ringbuf, .userRingbuf:
      let size = spec.maxEntries
      if spec.keySize != 0 || spec.valueSize != 0 { throw invalid("a ring buffer has no keys") }
      if size < 4096 || size & (size - 1) != 0 { throw invalid("not a power of two of pages") }
    case .queue, .stack, .bloomFilter:
      if spec.keySize != 0 || spec.valueSize == 0 { throw invalid("it has values without keys") }
    case .perfEventArray:
      if spec.keySize != 4 || spec.valueSize != 4 { throw invalid("key and value are 4 bytes") }
      if spec.maxEntries == 0 { made.spec.maxEntries = UInt32(host.possibleCPUs) }
    default:
      if spec.keySize == 0 || spec.valueSize == 0 { throw invalid("key or value has no size") }
      if spec.type.isArray, spec.keySize != 4 { throw invalid("an array's key is 4 bytes") }
    }
    if made.spec.maxEntries == 0 { throw invalid("max_entries is 0") }
    if spec.type == .lpmTrie, spec.flags & 1 == 0 { throw invalid("a trie needs no_prealloc") }
    if spec.type.isMapOfMaps {
      guard let inner = creation.inner, let template = map(inner.key) else {
        throw invalid("no template for the inner maps")
      }
      made.inner = template.spec
    }
    // As the kernel reports it: BPF_F_RDONLY_PROG.
    if spec.type == .devmap || spec.type == .devmapHash { made.spec.flags |= 1 << 7 }
    if spec.type == .array || spec.type == .percpuArray {
      let zeros = [UInt8](repeating: 0, count: storedSize(spec))
      for index in 0..<spec.maxEntries { made.contents[bytes(index)] = zeros }
    }
    let key = insert(.map, .map(made))
    if let btf = made.btf { acquire(btf) }
    return handle(key)
  }

  public func read(_ object: FakeObject) throws(KernelFailure) -> EntryTable {
    try enter("read", "map \(object.id)", mutating: false)
    guard let map = map(object.key), let table = contents(map) else {
      throw failure("BPF_MAP_LOOKUP_ELEM", "map \(object.id)", Errno.opnotsupp, "not readable")
    }
    return table
  }

  public func write(_ entries: EntryTable, to object: FakeObject) throws(KernelFailure) {
    try enter("write", "map \(object.id)") { () throws(KernelFailure) in
      for row in 0..<entries.count / 2 { try put(entries, row, object) }
    }
    for row in 0..<entries.count { try put(entries, row, object) }
  }

  private func put(_ entries: EntryTable, _ row: Int, _ object: FakeObject) throws(KernelFailure) {
    let key = Array(entries.key(row))
    var value = Array(entries.value(row))
    guard let map = map(object.key) else { return }
    func refuse(_ errno: Int32, _ message: String) -> KernelFailure {
      failure("BPF_MAP_UPDATE_ELEM", map.spec.name, errno, message)
    }
    try checkWritable(map, key)
    if map.spec.type.isPerCPU, value.count == Int(map.spec.valueSize) {
      let padded = value + [UInt8](repeating: 0, count: rounded(value.count) - value.count)
      value = (0..<host.possibleCPUs).flatMap { _ in padded }
    }
    guard value.count == storedSize(map.spec) else {
      throw refuse(Errno.inval, "the value has \(value.count) bytes")
    }
    switch map.spec.type {
    case .progArray, .arrayOfMaps, .hashOfMaps:
      throw refuse(Errno.inval, "the value is a descriptor")
    case .devmap, .devmapHash:
      let index = number(value)
      guard interfaces.values.contains(where: { $0.index == index }) else {
        throw refuse(Errno.inval, "no interface \(index)")
      }
    default: break
    }
    let former = map.targets[key]
    changeMap(object.key) {
      if $0.contents[key] == nil, $0.spec.type.isLRU,
        $0.contents.count >= Int($0.spec.maxEntries),
        let oldest = $0.contents.keys.min(by: { $0.lexicographicallyPrecedes($1) })
      {
        $0.contents[oldest] = nil
      }
      $0.contents[key] = value
      $0.targets[key] = nil
    }
    if let former { release(former) }
  }

  public func write(
    _ slots: [MapSlot<FakeObject>], to object: FakeObject
  ) throws(KernelFailure) {
    for slot in slots {
      try enter("writeReference", "map \(object.id)")
      try put(slot, object)
    }
  }

  private func put(_ slot: MapSlot<FakeObject>, _ object: FakeObject) throws(KernelFailure) {
    let (key, value, offset, target) = (slot.key, slot.value, slot.offset, slot.target)
    guard let map = map(object.key) else { return }
    func invalid(_ message: String) -> KernelFailure {
      failure("BPF_MAP_UPDATE_ELEM", map.spec.name, Errno.inval, message)
    }
    try checkWritable(map, key)
    guard offset >= 0, offset + 4 <= value.count, value.count == Int(map.spec.valueSize) else {
      throw invalid("the descriptor does not fit the value")
    }
    switch map.spec.type {
    case .progArray:
      guard let program = program(target.key) else { throw invalid("not a program") }
      if let bound = map.boundType, bound != program.image.type {
        throw invalid("bound to \(bound) programs")
      }
      changeMap(object.key) { $0.boundType = program.image.type }
    case .arrayOfMaps, .hashOfMaps:
      guard let inner = self.map(target.key)?.spec, let template = map.inner,
        inner.type == template.type, inner.keySize == template.keySize,
        inner.valueSize == template.valueSize, inner.flags == template.flags,
        inner.type != .array || inner.maxEntries == template.maxEntries
      else { throw invalid("not like the template") }
    case .devmap, .devmapHash, .cpumap:
      let wanted: AttachType = map.spec.type == .cpumap ? .xdpCpumap : .xdpDevmap
      guard program(target.key)?.image.expectedAttachType == wanted else {
        throw invalid("not a \(wanted) program")
      }
    default: throw invalid("its values are bytes")
    }
    var stored = value
    stored.replaceSubrange(offset..<offset + 4, with: bytes(target.id))
    acquire(target.key)
    let former = map.targets[key]
    changeMap(object.key) {
      $0.contents[key] = stored
      $0.targets[key] = target.key
    }
    if let former { release(former) }
  }

  public func remove(key: [UInt8], from object: FakeObject) throws(KernelFailure) {
    try enter("remove", "map \(object.id)")
    guard let map = map(object.key) else { return }
    if map.frozen { throw failure("BPF_MAP_DELETE_ELEM", map.spec.name, Errno.perm, "frozen") }
    if map.spec.type == .array || map.spec.type == .percpuArray {
      throw failure(
        "BPF_MAP_DELETE_ELEM", map.spec.name, Errno.inval, "an array keeps its elements")
    }
    let former = map.targets[key]
    changeMap(object.key) {
      $0.contents[key] = nil
      $0.targets[key] = nil
    }
    if let former { release(former) }
  }

  public func freeze(_ object: FakeObject) throws(KernelFailure) {
    try enter("freeze", "map \(object.id)")
    if map(object.key)?.frozen == true {
      throw failure("BPF_MAP_FREEZE", "map \(object.id)", Errno.busy, "frozen already")
    }
    changeMap(object.key) { $0.frozen = true }
  }

  public func fill(
    _ object: FakeObject, _ structOps: StructOps, with programs: [String: FakeObject]
  ) throws(KernelFailure) {
    try enter("fill", "map \(object.id)")
    for target in programs.values { acquire(target.key) }
    changeMap(object.key) { map in
      map.contents[[0, 0, 0, 0]] = structOps.contents
      for (member, target) in programs { map.targets[Array(member.utf8)] = target.key }
    }
  }

  /// One key after the other, as the real one does; a failure comes after half of them. Where a base
  /// tells what was done, the answer is lost.
  public func merge(
    _ patches: EntryPatches, into object: FakeObject, recordingIn base: FakeObject?,
    made: inout [Bool]
  ) throws(KernelFailure) -> MergeCounts {
    var counts = MergeCounts()
    try enter("merge", "map \(object.id)") { () throws(KernelFailure) in
      var ignored = MergeCounts()
      for row in 0..<patches.count / 2 {
        try apply(patches, row, object, base, &ignored)
        made[row] = base == nil
      }
    }
    for row in 0..<patches.count {
      try apply(patches, row, object, base, &counts)
      made[row] = true
    }
    return counts
  }

  public func recordsMerges(into object: FakeObject, _ form: MergeForm) -> Bool {
    hasMergePrograms
      && map(object.key)?.spec.type.isMergedAtOnce(valueSize: form.size) == true
  }

  private func apply(
    _ patches: EntryPatches, _ row: Int, _ object: FakeObject, _ base: FakeObject?,
    _ counts: inout MergeCounts
  ) throws(KernelFailure) {
    let key = Array(patches.key(row))
    defer {
      if let base, let recorded = patches.recorded {
        changeMap(base.key) {
          $0.contents[key] = patches.kinds[row] == .delete ? nil : Array(recorded.value(row))
        }
      }
    }
    let current = map(object.key)?.contents[key]
    switch patches.applied(row, to: current) {
    case .write(let value, let kept):
      counts.kept += kept
      if let map = map(object.key) { try checkWritable(map, key) }
      changeMap(object.key) { $0.contents[key] = value }
      if current == nil { counts.added += 1 } else { counts.changed += 1 }
    case .delete:
      changeMap(object.key) { $0.contents[key] = nil }
      counts.deleted += 1
    case .nothing(let kept): counts.kept += kept
    }
  }

  /// Programs run at once here, so there is none to wait for.
  public func waitForPrograms() throws(KernelFailure) {
    try enter("waitForPrograms", mutating: false)
  }

  // MARK: Pieces

  private func checkWritable(_ map: MapRecord, _ key: [UInt8]) throws(KernelFailure) {
    func refuse(_ errno: Int32, _ message: String) -> KernelFailure {
      failure("BPF_MAP_UPDATE_ELEM", map.spec.name, errno, message)
    }
    if map.frozen { throw refuse(Errno.perm, "frozen") }
    guard key.count == Int(map.spec.keySize) else {
      throw refuse(Errno.inval, "the key has \(key.count) bytes")
    }
    if map.spec.type.isArray {
      if number(key) >= map.spec.maxEntries { throw refuse(Errno.tooBig, "no such element") }
    } else if map.contents[key] == nil, !map.spec.type.isLRU,
      map.contents.count >= Int(map.spec.maxEntries)
    {
      throw refuse(Errno.tooBig, "the map is full")
    }
  }

  /// nil: such a map cannot be read entry by entry.
  func contents(_ map: MapRecord) -> EntryTable? {
    switch map.spec.type {
    case .ringbuf, .userRingbuf, .queue, .stack, .bloomFilter, .perfEventArray, .xskmap,
      .cgroupArray:
      return nil
    default: break
    }
    let rows = map.contents.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    return EntryTable(
      keySize: Int(map.spec.keySize), valueSize: storedSize(map.spec), keys: rows.flatMap(\.key),
      values: rows.flatMap(\.value))
  }

  private func rounded(_ size: Int) -> Int { (size + 7) & ~7 }

  private func storedSize(_ spec: MapSpec) -> Int {
    spec.type.isPerCPU ? rounded(Int(spec.valueSize)) * host.possibleCPUs : Int(spec.valueSize)
  }

  func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> ($0 * 8) & 255) } }

  func number(_ bytes: [UInt8]) -> UInt32 {
    bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

extension MapType {
  var isArray: Bool {
    [.array, .percpuArray, .progArray, .arrayOfMaps, .devmap, .cpumap, .perfEventArray]
      .contains(self)
  }
  var isPerCPU: Bool { [.percpuArray, .percpuHash, .lruPercpuHash].contains(self) }
  var isLRU: Bool { self == .lruHash || self == .lruPercpuHash }
  var isMapOfMaps: Bool { self == .arrayOfMaps || self == .hashOfMaps }
}
