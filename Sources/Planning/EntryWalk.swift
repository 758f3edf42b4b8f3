internal import BPFObject

/// When a stored value is the declared one: bit for bit, but for padding and what the kernel keeps
/// to itself; of a per-CPU map for each possible CPU.
struct ValueMatch {
  /// Bytes of a declared value, and of what is stored for it.
  let size: Int
  let storedSize: Int
  /// Where the next CPU's value starts; the stored size where there is one value.
  private let stride: Int
  /// One bits count; nil = all do.
  private let mask: [UInt8]?

  /// nil when stored values of that size cannot be such values.
  init?(_ map: DesiredMap, stored: Int) {
    size = Int(map.map.valueSize)
    storedSize = stored
    mask = map.valueMask
    stride = EntryRules(map.map.type).isPerCPU ? (size + 7) / 8 * 8 : stored
    guard size > 0, stride >= size, stored >= stride, stored % stride == 0 else { return nil }
    guard EntryRules(map.map.type).isPerCPU || stored == size else { return nil }
  }

  /// One value, of a per-CPU map one CPU's.
  init(oneOf map: DesiredMap) {
    size = Int(map.map.valueSize)
    storedSize = size
    stride = max(size, 1)
    mask = map.valueMask
  }

  /// Bit for bit.
  init(bytes size: Int) {
    self.size = size
    storedSize = size
    stride = max(size, 1)
    mask = nil
  }

  func isSame(_ declared: [UInt8], _ stored: ArraySlice<UInt8>) -> Bool {
    guard declared.count == size, stored.count == storedSize else { return false }
    return unsafe declared.withUnsafeBytes { a in
      unsafe stored.withUnsafeBytes { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return true }
        return unsafe isSame(a, b)
      }
    }
  }

  @inline(__always)
  fileprivate func isSame(_ declared: UnsafeRawPointer, _ stored: UnsafeRawPointer) -> Bool {
    var start = 0
    while start < storedSize {
      if unsafe Bytes.order(declared, stored + start, size) != 0 {
        guard let mask else { return false }
        let isEqual = unsafe mask.withUnsafeBytes { mask in
          guard let mask = mask.baseAddress else { return false }
          return unsafe Bytes.equal(declared, stored + start, mask: mask, size)
        }
        if !isEqual { return false }
      }
      start += stride
    }
    return true
  }
}

extension DesiredMap {
  /// As long as a value, one bits count; nil = all do. All do in global data: what lies between the
  /// variables may be constants that the compiler made.
  var valueMask: [UInt8]? {
    guard map.data == nil, let layout = valueLayout else { return nil }
    let mask = SignificantBits(layout).mask
    return mask?.count == Int(map.valueSize) ? mask : nil
  }
}

/// One walk over two sorted tables.
struct EntryWalk {
  /// A key that is not the same on both sides: the rows that it has.
  struct Difference {
    var declared: Int?
    var stored: Int?
  }

  let declared: EntryTable
  let stored: EntryTable
  /// nil: values are not compared.
  let match: ValueMatch?
  /// Rows that are reported whatever their bytes are.
  let always: Set<Int>

  /// By ascending key. Both tables have keys of the same size.
  func differences() -> [Difference] {
    var found: [Difference] = []
    let size = declared.keySize
    let (rows, seenRows) = (declared.count, stored.count)
    let (valueSize, storedSize) = (declared.valueSize, stored.valueSize)
    unsafe declared.keys.withUnsafeBytes { keys in
      unsafe stored.keys.withUnsafeBytes { storedKeys in
        unsafe declared.values.withUnsafeBytes { values in
          unsafe stored.values.withUnsafeBytes { storedValues in
            var row = 0
            var seen = 0
            while row < rows && seen < seenRows {
              guard let key = keys.baseAddress, let other = storedKeys.baseAddress else { break }
              let order = unsafe Bytes.order(key + row * size, other + seen * size, size)
              if order < 0 {
                found.append(Difference(declared: row, stored: nil))
                row += 1
              } else if order > 0 {
                found.append(Difference(declared: nil, stored: seen))
                seen += 1
              } else {
                var isSame = true
                if let match, let a = values.baseAddress, let b = storedValues.baseAddress {
                  isSame = unsafe match.isSame(a + row * valueSize, b + seen * storedSize)
                }
                if !isSame || !always.isEmpty && always.contains(row) {
                  found.append(Difference(declared: row, stored: seen))
                }
                row += 1
                seen += 1
              }
            }
            while row < rows {
              found.append(Difference(declared: row, stored: nil))
              row += 1
            }
            while seen < seenRows {
              found.append(Difference(declared: nil, stored: seen))
              seen += 1
            }
          }
        }
      }
    }
    return found
  }
}
