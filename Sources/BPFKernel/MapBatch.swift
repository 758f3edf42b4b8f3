internal import CBPF

/// Where a batched read of a map stands. Opaque to all but the kernel.
public struct BatchPosition: Sendable {
  var token: [UInt8]
}

/// Some entries of a map: keys and values one behind the other.
public struct MapBatch: Sendable {
  public var keys: [UInt8]
  public var values: [UInt8]
  /// The number of entries.
  public var count: Int
  /// Where the next read goes on; nil when the map is read to its end.
  public var next: BatchPosition?
}

extension Map {
  /// Reads up to `count` entries from a position on (nil: from the start). The bpf(2) command is
  /// `BPF_MAP_LOOKUP_BATCH` (5.6), or `BPF_MAP_LOOKUP_AND_DELETE_BATCH`, which also removes them.
  ///
  /// Hash maps return whole buckets: ENOSPC when a bucket holds more than `count` entries; then
  /// ask again with more.
  public func lookupBatch(
    after position: BatchPosition? = nil, count: Int, deleting: Bool = false
  ) throws(KernelError) -> MapBatch {
    let command = deleting ? Command.mapLookupAndDeleteBatch : Command.mapLookupBatch
    var batch = MapBatch(keys: [], values: [], count: 0, next: nil)
    let valueSize = try self.valueSize
    let keyBytes = try bytes(command, keySize, count)
    let valueBytes = try bytes(command, valueSize, count)
    batch.keys = [UInt8](repeating: 0, count: keyBytes)
    batch.values = [UInt8](repeating: 0, count: valueBytes)
    // Hash maps keep a bucket number there, other maps a key.
    var token = [UInt8](repeating: 0, count: max(keySize, 8))
    var attributes = cbpf_map_batch()
    attributes.map_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.count = UInt32(truncatingIfNeeded: count)
    let result = (position?.token ?? []).withAddress { start in
      token.withMutableAddress { end in
        batch.keys.withMutableAddress { keys in
          batch.values.withMutableAddress { values in
            attributes.in_batch = start
            attributes.out_batch = end
            attributes.keys = keys
            attributes.values = values
            return bpf(command, &attributes)
          }
        }
      }
    }
    let ended = result == -Int(Errno.noEntry.rawValue)
    if result < 0 && !ended { throw KernelError(command, result, on: context) }
    batch.count = min(Int(attributes.count), count)
    batch.keys.removeLast(keyBytes - batch.count * keySize)
    batch.values.removeLast(valueBytes - batch.count * valueSize)
    batch.next = ended ? nil : BatchPosition(token: token)
    return batch
  }

  /// Writes entries; keys and values stand one behind the other. The bpf(2) command is
  /// `BPF_MAP_UPDATE_BATCH` (5.6).
  public func updateBatch(
    keys: [UInt8], values: [UInt8], mode: UpdateMode = .any
  ) throws(KernelError) {
    let valueSize = try self.valueSize
    let count = try entries(.mapUpdateBatch, in: keys)
    guard values.count == (try bytes(.mapUpdateBatch, valueSize, count)) else {
      throw KernelError(
        Command.mapUpdateBatch.name,
        refused: "\(values.count) bytes are not \(count) values of \(valueSize) bytes", on: context)
    }
    try write(.mapUpdateBatch, keys, values, count, flags: mode.rawValue)
  }

  /// Removes keys, which stand one behind the other; ENOENT when one is not there, and then those
  /// before it are gone. The bpf(2) command is `BPF_MAP_DELETE_BATCH` (5.6).
  public func deleteBatch(keys: [UInt8]) throws(KernelError) {
    try write(
      .mapDeleteBatch, keys, [], try entries(.mapDeleteBatch, in: keys), flags: 0)
  }

  private func write(
    _ command: Command, _ keys: [UInt8], _ values: [UInt8], _ count: Int, flags: UInt64
  ) throws(KernelError) {
    if count == 0 { return }
    var attributes = cbpf_map_batch()
    attributes.map_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.count = UInt32(truncatingIfNeeded: count)
    attributes.element_flags = flags
    let result = keys.withAddress { keys in
      values.withAddress { values in
        attributes.keys = keys
        attributes.values = values
        return bpf(command, &attributes)
      }
    }
    if result < 0 {
      throw KernelError(
        command, result, on: "\(context), after \(min(Int(attributes.count), count)) of \(count)")
    }
  }

  private func entries(_ command: Command, in keys: [UInt8]) throws(KernelError) -> Int {
    guard keySize > 0, keys.count % keySize == 0, UInt32(exactly: keys.count / keySize) != nil
    else {
      throw KernelError(
        command.name, refused: "\(keys.count) bytes are no keys of \(keySize) bytes", on: context)
    }
    return keys.count / keySize
  }

  private func bytes(_ command: Command, _ size: Int, _ count: Int) throws(KernelError) -> Int {
    let product = size.multipliedReportingOverflow(by: count)
    guard UInt32(exactly: count) != nil, !product.overflow
    else {
      throw KernelError(command.name, refused: "\(count) entries are no batch", on: context)
    }
    return product.partialValue
  }
}
