internal import BPFObject
internal import Crypto

/// Tables in the form in which they are compared.
extension EntryTable {
  /// The digest of an `exact` table that was read back; nil where CPUs differ, which no
  /// declaration does. `mask` has one bits where a value's bytes count; nil = everywhere.
  func observedDigest(type: MapType, valueSize: Int, mask: [UInt8]? = nil) -> String? {
    let rules = EntryRules(type)
    var table = type == .lpmTrie ? withoutHostBits : self
    if rules.isPerCPU {
      guard let single = table.oneCPU(valueSize: valueSize) else { return nil }
      table = single
    }
    if let mask { table = table.masked(mask) }
    if rules.isArray { table = table.withoutZeros }
    var hash = SHA256()
    hash.update(data: table.keys)
    hash.update(data: table.values)
    return Digest.hex(hash: hash.finalize())
  }

  /// Keys of an LPM trie with zeros after the prefix: the trie does not look at what is there.
  var withoutHostBits: EntryTable {
    guard keySize > 4 else { return self }
    var cleaned: [UInt8]?
    for row in 0..<count {
      let start = row * keySize
      let length = Int(hostNumber(keys[start..<start + 4]))
      guard length < (keySize - 4) * 8 else { continue }
      for index in 4 + length / 8..<keySize where keys[start + index] != 0 {
        let bits = index == 4 + length / 8 ? length % 8 : 0
        let kept = bits == 0 ? 0 : keys[start + index] & ~(0xff >> UInt8(bits))
        guard kept != keys[start + index] else { continue }
        if cleaned == nil { cleaned = keys }
        cleaned?[start + index] = kept
      }
    }
    guard let cleaned else { return self }
    return EntryTable(keySize: keySize, valueSize: valueSize, keys: cleaned, values: values)
  }

  /// Without the entries that are all zero.
  var withoutZeros: EntryTable {
    var keptKeys: [UInt8] = []
    var keptValues: [UInt8] = []
    for row in 0..<count {
      let value = value(row)
      guard value.contains(where: { $0 != 0 }) else { continue }
      keptKeys.append(contentsOf: key(row))
      keptValues.append(contentsOf: value)
    }
    guard keptValues.count < values.count else { return self }
    return EntryTable(keySize: keySize, valueSize: valueSize, keys: keptKeys, values: keptValues)
  }

  private func masked(_ mask: [UInt8]) -> EntryTable {
    guard !mask.isEmpty, valueSize == mask.count else { return self }
    var values = values
    var place = 0
    for index in values.indices {
      values[index] &= mask[place]
      place = place + 1 == mask.count ? 0 : place + 1
    }
    return EntryTable(keySize: keySize, valueSize: valueSize, keys: keys, values: values)
  }

  /// One CPU's values, if all CPUs have the same.
  private func oneCPU(valueSize size: Int) -> EntryTable? {
    let stride = (size + 7) / 8 * 8
    guard size > 0, valueSize >= stride, valueSize % stride == 0 else { return nil }
    var single: [UInt8] = []
    single.reserveCapacity(count * size)
    for row in 0..<count {
      let value = value(row)
      let first = value.prefix(size)
      for start in Swift.stride(from: value.startIndex, to: value.endIndex, by: stride)
      where value[start..<start + size] != first { return nil }
      single.append(contentsOf: first)
    }
    return EntryTable(keySize: keySize, valueSize: size, keys: keys, values: single)
  }
}
