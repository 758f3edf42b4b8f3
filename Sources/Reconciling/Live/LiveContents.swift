internal import BPFKernel
internal import BPFObject
public import Planning

/// Entries of maps, in batches where the map can.
extension LiveKernel {
  /// Entries in one call: large enough that the calls do not count, small enough that the buffers
  /// stay in the cache.
  private static let batch = 16_384

  public func read(_ map: LiveObject) throws(KernelFailure) -> EntryTable {
    let map = try self.map(map, "BPF_MAP_LOOKUP_BATCH")
    return try wrap { () throws(KernelError) in try contents(of: map) }
  }

  func contents(of map: Map) throws(KernelError) -> EntryTable {
    let valueSize = try map.valueSize
    var keys: [UInt8] = []
    var values: [UInt8] = []
    do throws(KernelError) {
      var position: BatchPosition?
      var size = min(Self.batch, max(1, Int(map.info.maxEntries)))
      repeat {
        do throws(KernelError) {
          let batch = try map.lookupBatch(after: position, count: size)
          keys += batch.keys
          values += batch.values
          position = batch.next
          onProgress?(
            EntryProgress(
              .read, map: map.info.name, done: keys.count / max(1, map.keySize)))
        } catch {
          // A bucket of the hash holds more entries than fit.
          guard error.errno == .noSpace, size <= Int(map.info.maxEntries) else { throw error }
          size *= 2
          continue
        }
        if position == nil { break }
      } while true
    } catch {
      guard error.isUnsupportedBatch else { throw error }
      (keys, values) = try walk(map)
    }
    return EntryTable(keySize: map.keySize, valueSize: valueSize, keys: keys, values: values)
  }

  /// Key by key; entries that vanish meanwhile, and empty slots of arrays of objects, are left out.
  private func walk(_ map: Map) throws(KernelError) -> (keys: [UInt8], values: [UInt8]) {
    var keys: [UInt8] = []
    var values: [UInt8] = []
    var value = [UInt8](repeating: 0, count: try map.valueSize)
    for key in try map.keys() where try map.lookup(key, into: &value) {
      keys += key
      values += value
    }
    return (keys, values)
  }

  public func write(_ entries: EntryTable, to map: LiveObject) throws(KernelFailure) {
    let map = try self.map(map, "BPF_MAP_UPDATE_BATCH")
    try wrap { () throws(KernelError) in try write(entries, to: map) }
  }

  private func write(_ entries: EntryTable, to map: Map) throws(KernelError) {
    let size = try map.valueSize
    // One CPU's value stands for every possible CPU; each CPU's slot is a multiple of eight bytes.
    let copies: (slot: Int, count: Int)? =
      if map.info.type.isPerCPU, entries.valueSize != size {
        ((Int(map.info.valueSize) + 7) / 8 * 8, try BPFKernel.HostFacts.possibleCPUs())
      } else {
        nil
      }
    func value(_ row: Int) -> [UInt8] {
      let value = Array(entries.value(row))
      guard let copies else { return value }
      let slot = value + [UInt8](repeating: 0, count: max(0, copies.slot - value.count))
      return Array(repeatElement(slot, count: copies.count).joined())
    }
    var row = 0
    while row < entries.count {
      let end = min(row + Self.batch, entries.count)
      // Queues, stacks and bloom filters have no keys, and so no batches.
      if end - row > 1, entries.keySize > 0 {
        let keys = Array(entries.keys[row * entries.keySize..<end * entries.keySize])
        let values =
          copies == nil
          ? Array(entries.values[row * entries.valueSize..<end * entries.valueSize])
          : (row..<end).flatMap(value)
        do throws(KernelError) {
          try map.updateBatch(keys: keys, values: values)
          row = end
          onProgress?(
            EntryProgress(.written, map: map.info.name, done: row, of: entries.count))
          continue
        } catch {
          guard error.isUnsupportedBatch else { throw error }
        }
      }
      for index in row..<end { try map.update(Array(entries.key(index)), value(index)) }
      row = end
      onProgress?(EntryProgress(.written, map: map.info.name, done: row, of: entries.count))
    }
  }

  public func write(
    _ slots: [MapSlot<LiveObject>], to map: LiveObject
  ) throws(KernelFailure) {
    guard let first = slots.first else { return }
    let map = try self.map(map, "BPF_MAP_UPDATE_ELEM")
    var keys: [UInt8] = []
    var values: [UInt8] = []
    for slot in slots {
      keys += slot.key
      values += try value(of: slot, in: map)
    }
    let table = EntryTable(
      keySize: first.key.count, valueSize: first.value.count, keys: keys, values: values)
    try withExtendedLifetime(slots) { () throws(KernelFailure) in
      try wrap { () throws(KernelError) in try write(table, to: map) }
    }
  }

  /// The value as user space writes it, with the target's descriptor.
  private func value(
    of slot: MapSlot<LiveObject>, in map: Map
  ) throws(KernelFailure) -> [UInt8] {
    let descriptor: Int32
    switch slot.target.payload {
    case .map(let inner): descriptor = inner.descriptor.rawValue
    case .program(let program): descriptor = program.descriptor.rawValue
    case .link, .btf:
      throw KernelFailure(
        operation: "BPF_MAP_UPDATE_ELEM", subject: "\(slot.target.kind) \(slot.target.id)",
        message: "a map's value can refer to maps and programs only")
    }
    guard slot.offset >= 0, slot.offset + 4 <= slot.value.count else {
      throw KernelFailure(
        operation: "BPF_MAP_UPDATE_ELEM", subject: map.info.name,
        message: "a descriptor does not fit at byte \(slot.offset) of \(slot.value.count)")
    }
    var bytes = slot.value
    bytes.replaceSubrange(
      slot.offset..<slot.offset + 4, with: HostOrder.bytes(UInt32(bitPattern: descriptor)))
    return bytes
  }

  public func remove(key: [UInt8], from map: LiveObject) throws(KernelFailure) {
    let map = try self.map(map, "BPF_MAP_DELETE_ELEM")
    try wrap { () throws(KernelError) in _ = try map.delete(key) }
  }

  public func freeze(_ map: LiveObject) throws(KernelFailure) {
    let map = try self.map(map, "BPF_MAP_FREEZE")
    try wrap { () throws(KernelError) in try map.freeze() }
  }
}

extension KernelError {
  /// The map type, or the kernel, has no batch commands.
  fileprivate var isUnsupportedBatch: Bool {
    switch errno {
    case .notSupportedByKernel?, .notSupported?, .invalid?: true
    default: false
    }
  }
}
