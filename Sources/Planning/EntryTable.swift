/// The entries of a map as bytes, stored side by side: a million entries are two allocations.
///
/// Kept sorted by key (bytewise), keys unique.
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

  /// Takes unsorted rows; `duplicate` is the index of a row whose key an earlier row has too.
  /// Throws nothing: rows of another length than promised are the caller's mistake and ignored.
  public init(
    keySize: Int, valueSize: Int, keys: [UInt8], values: [UInt8]
  ) {
    self.keySize = keySize
    self.valueSize = valueSize
    let count = keySize == 0 ? 0 : min(keys.count / keySize, valueSize == 0 ? .max : values.count / valueSize)
    let order = EntryTable.sortedOrder(keys, keySize: keySize, count: count)
    var sortedKeys: [UInt8] = []
    var sortedValues: [UInt8] = []
    sortedKeys.reserveCapacity(count * keySize)
    sortedValues.reserveCapacity(count * valueSize)
    for row in order {
      let key = keys[row * keySize..<(row + 1) * keySize]
      if sortedKeys.count >= keySize, sortedKeys.suffix(keySize).elementsEqual(key) {
        // The last of two equal keys wins, as when they are written one after the other.
        sortedValues.removeLast(valueSize)
      } else {
        sortedKeys.append(contentsOf: key)
      }
      sortedValues.append(contentsOf: values[row * valueSize..<(row + 1) * valueSize])
    }
    self.keys = sortedKeys
    self.values = sortedValues
  }

  public var count: Int { keySize == 0 ? 0 : keys.count / keySize }
  public var isEmpty: Bool { keys.isEmpty }

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

  private static func sortedOrder(_ keys: [UInt8], keySize: Int, count: Int) -> [Int] {
    // Stable, so that of equal keys the later row comes later.
    (0..<count).sorted { left, right in
      let a = keys[left * keySize..<(left + 1) * keySize]
      let b = keys[right * keySize..<(right + 1) * keySize]
      return a.lexicographicallyPrecedes(b) || (left < right && a.elementsEqual(b))
    }
  }
}
