/// Puts rows into the order of their keys without an allocation for each.
///
/// The kernel lists a hash map in the order of its buckets, so that this is done for every large map
/// that is read: a radix sort over the first eight bytes, then a comparison where those are equal.
enum RowOrder {
  /// The rows by ascending key, of several with the same key the last; nil = they are in that order
  /// already. `keys` holds `count` keys.
  static func ascending(_ keys: [UInt8], keySize: Int, count: Int) -> [UInt32]? {
    let count = min(count, Int(UInt32.max))
    if isAscending(keys, keySize: keySize, count: count) { return nil }
    var rows = [UInt32](unsafe: count) { UInt32(truncatingIfNeeded: $0) }
    if keySize <= 4 {
      var numbers = heads(keys, keySize: keySize, count: count, as: UInt32.self)
      sort(&numbers, &rows, bytes: keySize)
    } else {
      var numbers = heads(keys, keySize: keySize, count: count, as: UInt64.self)
      sort(&numbers, &rows, bytes: min(keySize, 8))
      if keySize > 8 { settleTies(numbers, &rows, keys, keySize: keySize) }
    }
    return withoutRepeats(rows, keys, keySize: keySize)
  }

  /// Rows of `size` bytes in that order.
  static func gather(_ bytes: [UInt8], size: Int, _ order: [UInt32]) -> [UInt8] {
    unsafe bytes.withUnsafeBytes { source in
      unsafe [UInt8](unsafeUninitializedCapacity: order.count * size) { target, filled in
        filled = order.count * size
        guard filled > 0, let from = source.baseAddress, let start = target.baseAddress else {
          return
        }
        let to = UnsafeMutableRawPointer(start)
        for (place, row) in order.enumerated() {
          unsafe (to + place * size).copyMemory(from: from + Int(row) * size, byteCount: size)
        }
      }
    }
  }

  private static func isAscending(_ keys: [UInt8], keySize: Int, count: Int) -> Bool {
    unsafe keys.withUnsafeBytes { keys in
      guard let start = keys.baseAddress else { return true }
      var row = 1
      while row < count {
        let key = unsafe start + row * keySize
        if unsafe Bytes.order(key - keySize, key, keySize) >= 0 { return false }
        row += 1
      }
      return true
    }
  }

  /// The first bytes of every key (all, of one as short as the number) as a number of the same
  /// order.
  private static func heads<Number: FixedWidthInteger>(
    _ keys: [UInt8], keySize: Int, count: Int, as: Number.Type
  ) -> [Number] {
    var numbers = [Number](repeating: 0, count: count)
    unsafe keys.withUnsafeBytes { keys in
      for row in 0..<count {
        if keySize >= MemoryLayout<Number>.size {
          numbers[row] = unsafe keys.loadUnaligned(
            fromByteOffset: row * keySize, as: Number.self
          ).bigEndian
        } else {
          var number: Number = 0
          for index in 0..<keySize {
            number = unsafe number << 8 | Number(keys[row * keySize + index])
          }
          numbers[row] = number
        }
      }
    }
    return numbers
  }

  /// Stable, by the lowest `bytes` bytes of the numbers.
  private static func sort<Number: FixedWidthInteger>(
    _ numbers: inout [Number], _ rows: inout [UInt32], bytes: Int
  ) {
    let count = numbers.count
    var otherNumbers = [Number](repeating: 0, count: count)
    var otherRows = [UInt32](repeating: 0, count: count)
    for byte in 0..<bytes {
      let shift = Number(byte * 8)
      var starts = [Int](repeating: 0, count: 257)
      for number in numbers { starts[Int(truncatingIfNeeded: number &>> shift & 0xff) + 1] += 1 }
      // A byte that is the same everywhere orders nothing.
      if starts.contains(count) { continue }
      for digit in 0..<256 { starts[digit + 1] += starts[digit] }
      for index in 0..<count {
        let number = numbers[index]
        let digit = Int(truncatingIfNeeded: number &>> shift & 0xff)
        let place = starts[digit]
        starts[digit] = place + 1
        otherNumbers[place] = number
        otherRows[place] = rows[index]
      }
      swap(&numbers, &otherNumbers)
      swap(&rows, &otherRows)
    }
  }

  /// Among rows whose first eight bytes are equal, the rest decides, then the row.
  private static func settleTies(
    _ numbers: [UInt64], _ rows: inout [UInt32], _ keys: [UInt8], keySize: Int
  ) {
    unsafe keys.withUnsafeBytes { keys in
      guard let start = keys.baseAddress else { return }
      var first = 0
      while first < rows.count {
        var end = first + 1
        while end < rows.count, numbers[end] == numbers[first] { end += 1 }
        if end - first > 1 {
          rows[first..<end].sort { left, right in
            let order = unsafe Bytes.order(
              start + Int(left) * keySize + 8, start + Int(right) * keySize + 8, keySize - 8)
            return order == 0 ? left < right : order < 0
          }
        }
        first = end
      }
    }
  }

  private static func withoutRepeats(
    _ rows: [UInt32], _ keys: [UInt8], keySize: Int
  ) -> [UInt32] {
    unsafe keys.withUnsafeBytes { keys in
      guard let start = keys.baseAddress else { return rows }
      func isRepeated(_ index: Int) -> Bool {
        unsafe Bytes.order(
          start + Int(rows[index - 1]) * keySize, start + Int(rows[index]) * keySize, keySize) == 0
      }
      var kept: [UInt32] = []
      kept.reserveCapacity(rows.count)
      for index in rows.indices {
        if index > 0, isRepeated(index) { kept.removeLast() }
        kept.append(rows[index])
      }
      return kept
    }
  }
}

extension [UInt32] {
  fileprivate init(unsafe count: Int, _ element: (Int) -> UInt32) {
    self = unsafe [UInt32](unsafeUninitializedCapacity: count) { buffer, filled in
      for index in 0..<count { unsafe buffer.initializeElement(at: index, to: element(index)) }
      filled = count
    }
  }
}

/// Comparisons of bytes in memory, eight at a time.
enum Bytes {
  /// Below zero: the first comes first, bytewise.
  @inline(__always)
  static func order(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Int {
    var index = 0
    while index &+ 8 <= count {
      let x = unsafe a.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let y = unsafe b.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if x != y { return x.bigEndian < y.bigEndian ? -1 : 1 }
      index &+= 8
    }
    if index &+ 4 <= count {
      let x = unsafe a.loadUnaligned(fromByteOffset: index, as: UInt32.self)
      let y = unsafe b.loadUnaligned(fromByteOffset: index, as: UInt32.self)
      if x != y { return x.bigEndian < y.bigEndian ? -1 : 1 }
      index &+= 4
    }
    while index < count {
      let x = unsafe a.load(fromByteOffset: index, as: UInt8.self)
      let y = unsafe b.load(fromByteOffset: index, as: UInt8.self)
      if x != y { return x < y ? -1 : 1 }
      index &+= 1
    }
    return 0
  }

  /// Whether all bits that are one in `mask` are equal.
  @inline(__always)
  static func equal(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, mask: UnsafeRawPointer, _ count: Int
  ) -> Bool {
    var index = 0
    while index &+ 8 <= count {
      let x = unsafe a.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let y = unsafe b.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let m = unsafe mask.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if (x ^ y) & m != 0 { return false }
      index &+= 8
    }
    while index < count {
      let x = unsafe a.load(fromByteOffset: index, as: UInt8.self)
      let y = unsafe b.load(fromByteOffset: index, as: UInt8.self)
      if unsafe (x ^ y) & mask.load(fromByteOffset: index, as: UInt8.self) != 0 { return false }
      index &+= 1
    }
    return true
  }
}
