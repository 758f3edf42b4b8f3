/// The entries of a map as bytes, stored side by side: a million entries are two allocations.
///
/// Kept sorted by key (bytewise), keys unique. Entries without a key (queues, stacks, bloom
/// filters; `keySize` 0) keep their order.
public struct EntryTable: Hashable, Sendable, Codable {
  public let keySize: Int
  /// Bytes of one stored value; for a per-CPU map as observed, all possible CPUs' values, each
  /// rounded up to eight bytes.
  public let valueSize: Int
  public private(set) var keys: [UInt8]
  public private(set) var values: [UInt8]

  public init(keySize: Int, valueSize: Int) {
    self.keySize = keySize
    self.valueSize = valueSize
    keys = []
    values = []
  }

  /// Takes rows in any order; of two rows with the same key the later one counts, as when they are
  /// written one after the other. A rest that makes no whole row is left out.
  public init(keySize: Int, valueSize: Int, keys: [UInt8], values: [UInt8]) {
    self.keySize = keySize
    self.valueSize = valueSize
    guard keySize > 0 else {
      self.keys = []
      self.values = valueSize > 0 ? Array(values.dropLast(values.count % valueSize)) : []
      return
    }
    let count = min(keys.count / keySize, valueSize <= 0 ? .max : values.count / valueSize)
    let valueCount = valueSize <= 0 ? 0 : count * valueSize
    guard let order = RowOrder.ascending(keys, keySize: keySize, count: count) else {
      self.keys = keys.count == count * keySize ? keys : Array(keys.prefix(count * keySize))
      self.values = values.count == valueCount ? values : Array(values.prefix(valueCount))
      return
    }
    self.keys = RowOrder.gather(keys, size: keySize, order)
    self.values = valueSize <= 0 ? [] : RowOrder.gather(values, size: valueSize, order)
  }

  public var count: Int {
    if keySize > 0 { return keys.count / keySize }
    return valueSize > 0 ? values.count / valueSize : 0
  }

  public var isEmpty: Bool { count == 0 }

  public func key(_ row: Int) -> ArraySlice<UInt8> { keys[row * keySize..<(row + 1) * keySize] }
  public func value(_ row: Int) -> ArraySlice<UInt8> {
    values[row * valueSize..<(row + 1) * valueSize]
  }

  /// The row with that key, found by bisection.
  public func row(of key: some Collection<UInt8>) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self.key(middle).lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
    }
    return low < count && self.key(low).elementsEqual(key) ? low : nil
  }
}
