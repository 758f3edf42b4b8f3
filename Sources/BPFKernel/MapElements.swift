internal import CBPF

/// When MAP_UPDATE_ELEM may write.
public enum UpdateMode: UInt64, Sendable {
  /// Whether or not the key is there (`BPF_ANY`).
  case any = 0
  /// Only if it is not (`BPF_NOEXIST`); else EEXIST.
  case create = 1
  /// Only if it is (`BPF_EXIST`); else ENOENT.
  case replace = 2
}

extension Map {
  /// The value under a key, or nil. The bpf(2) command is `BPF_MAP_LOOKUP_ELEM`.
  ///
  /// The value of a per-CPU map is `valueSize` bytes: one for each possible CPU. Queues, stacks
  /// (their head) and bloom filters take an empty key.
  public func lookup(_ key: [UInt8]) throws(KernelError) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: try valueSize)
    return try lookup(key, into: &value) ? value : nil
  }

  /// The same into a buffer of `valueSize` bytes, which a loop can use again. False if there is
  /// no such key.
  public func lookup(_ key: [UInt8], into value: inout [UInt8]) throws(KernelError) -> Bool {
    try read(.mapLookup, key, &value)
  }

  /// Takes the value out of the map: the head of a queue or stack (with an empty key) or, since
  /// 5.14, an entry of a hash. Nil if there is none. The bpf(2) command is
  /// `BPF_MAP_LOOKUP_AND_DELETE_ELEM`.
  public func take(_ key: [UInt8] = []) throws(KernelError) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: try valueSize)
    return try read(.mapLookupAndDelete, key, &value) ? value : nil
  }

  /// Writes a value. The bpf(2) command is `BPF_MAP_UPDATE_ELEM`; E2BIG when the map is full.
  public func update(
    _ key: [UInt8], _ value: [UInt8], mode: UpdateMode = .any
  ) throws(KernelError) {
    try checkSizes(.mapUpdate, key: key.count, value: value.count)
    let result = key.withAddress { key in
      value.withAddress { value in
        var attributes = element()
        attributes.key = key
        attributes.value = value
        attributes.flags = mode.rawValue
        return bpf(.mapUpdate, &attributes)
      }
    }
    if result < 0 { throw KernelError(.mapUpdate, result, on: context) }
  }

  /// Removes a key; false if it was not there. The bpf(2) command is `BPF_MAP_DELETE_ELEM`.
  @discardableResult
  public func delete(_ key: [UInt8]) throws(KernelError) -> Bool {
    try checkSizes(.mapDelete, key: key.count, value: nil)
    let result = key.withAddress { key in
      var attributes = element()
      attributes.key = key
      return bpf(.mapDelete, &attributes)
    }
    if result == -Int(Errno.noEntry.rawValue) { return false }
    if result < 0 { throw KernelError(.mapDelete, result, on: context) }
    return true
  }

  /// The key after another one, or the first; nil after the last. The bpf(2) command is
  /// `BPF_MAP_GET_NEXT_KEY`. The kernel starts over when `key` is no longer there.
  public func key(after key: [UInt8]?) throws(KernelError) -> [UInt8]? {
    if let key { try checkSizes(.mapNextKey, key: key.count, value: nil) }
    var next = [UInt8](repeating: 0, count: keySize)
    let result = next.withMutableAddress { next in
      (key ?? []).withAddress { key in
        var attributes = element()
        attributes.key = key
        attributes.value = next
        return bpf(.mapNextKey, &attributes)
      }
    }
    if result == -Int(Errno.noEntry.rawValue) { return nil }
    if result < 0 { throw KernelError(.mapNextKey, result, on: context) }
    return next
  }

  /// All keys, one call each. A map that changes meanwhile may repeat or omit keys; the walk ends
  /// after twice `max_entries` keys, since the kernel starts over when a key vanishes under it.
  public func keys() throws(KernelError) -> [[UInt8]] {
    var all: [[UInt8]] = []
    var seen: Set<[UInt8]> = []
    var last: [UInt8]?
    let limit = Int(info.maxEntries).multipliedReportingOverflow(by: 2)
    var steps = 0
    while let key = try key(after: last), limit.overflow || steps < limit.partialValue {
      if seen.insert(key).inserted { all.append(key) }
      last = key
      steps += 1
    }
    return all
  }

  private func read(
    _ command: Command, _ key: [UInt8], _ value: inout [UInt8]
  ) throws(KernelError) -> Bool {
    try checkSizes(command, key: key.count, value: value.count)
    let result = value.withMutableAddress { value in
      key.withAddress { key in
        var attributes = element()
        attributes.key = key
        attributes.value = value
        return bpf(command, &attributes)
      }
    }
    if result == -Int(Errno.noEntry.rawValue) { return false }
    if result < 0 { throw KernelError(command, result, on: context) }
    return true
  }

  /// The kernel reads and writes as many bytes as the map says, whatever the buffer has.
  private func checkSizes(_ command: Command, key: Int, value: Int?) throws(KernelError) {
    guard key == keySize else {
      throw KernelError(
        command.name, refused: "the key has \(key) bytes, the map's keys have \(keySize)",
        on: context)
    }
    if let value {
      let wanted = try valueSize
      guard value == wanted else {
        throw KernelError(
          command.name, refused: "the value has \(value) bytes, the map's values have \(wanted)",
          on: context)
      }
    }
  }
}
