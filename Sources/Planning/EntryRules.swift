internal import BPFObject
internal import Crypto

/// What a type of map means for its entries.
struct EntryRules {
  /// Every index exists: an entry that is not there is one of zeros.
  var isArray: Bool
  /// The kernel stores one value for each possible CPU.
  var isPerCPU: Bool
  /// Entries may be evicted at any time.
  var evicts: Bool
  /// The kernel keeps a map alive as long as it holds a program that uses it.
  var keepsItselfAlive: Bool

  init(_ type: MapType) {
    isArray = type == .array || type == .percpuArray
    isPerCPU = [.percpuArray, .percpuHash, .lruPercpuHash].contains(type)
    evicts = type == .lruHash || type == .lruPercpuHash
    keepsItselfAlive = [.devmap, .devmapHash, .cpumap].contains(type)
  }
}

extension DesiredEntries {
  /// The digest of what is declared, in hex: the keys, and the values where they are enforced.
  /// nil for `seed`, which is never compared.
  func digest(for type: MapType) -> String? {
    guard policy != .seed else { return nil }
    let declared =
      EntryRules(type).isArray && policy == .exact && references.isEmpty
      ? table.withoutZeros : table
    var hash = SHA256()
    hash.update(data: declared.keys)
    if enforceValues { hash.update(data: declared.values) }
    for (key, reference) in references.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      hash.update(data: key)
      hash.update(data: Array(reference.description.utf8))
    }
    return Digest.hex(hash: hash.finalize())
  }

  /// The table with the interfaces' indexes in place; missing ones stay zero. What programs and
  /// maps are referred to stays zero as well.
  public func table(interfaces: [ObservedInterface]) -> EntryTable {
    let indexes = references.compactMapValues { reference -> (UInt32, Int)? in
      guard case .interface(let name, let offset) = reference,
        let found = interfaces.first(where: { $0.name == InterfaceName(name: name) })
      else { return nil }
      return (found.index, offset)
    }
    guard !indexes.isEmpty else { return table }
    var values = table.values
    for (key, (index, offset)) in indexes {
      guard let row = table.row(of: key), offset >= 0, offset + 4 <= table.valueSize else {
        continue
      }
      let start = row * table.valueSize + offset
      values.replaceSubrange(start..<start + 4, with: hostBytes(index))
    }
    return EntryTable(
      keySize: table.keySize, valueSize: table.valueSize, keys: table.keys, values: values)
  }
}

extension EntryReference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .program(let ref, let offset): "program.\(ref)@\(offset)"
    case .map(let ref): "map.\(ref)"
    case .interface(let name, let offset): "interface \(name)@\(offset)"
    }
  }

  /// The resource that it refers to.
  public var address: Address? {
    switch self {
    case .program(let ref, _): .program(ref)
    case .map(let ref): .map(ref)
    case .interface: nil
    }
  }

  var offset: Int {
    switch self {
    case .program(_, let offset), .interface(_, let offset): offset
    case .map: 0
    }
  }
}

extension EntryTable {
  /// The digest of an `exact` table that was read back; nil where CPUs differ, which no
  /// declaration does.
  func observedDigest(type: MapType, valueSize: Int) -> String? {
    let rules = EntryRules(type)
    guard let collapsed = rules.isPerCPU ? oneCPU(valueSize: valueSize) : self else { return nil }
    let declared = rules.isArray ? collapsed.withoutZeros : collapsed
    var hash = SHA256()
    hash.update(data: declared.keys)
    hash.update(data: declared.values)
    return Digest.hex(hash: hash.finalize())
  }

  /// Without the entries that are all zero.
  var withoutZeros: EntryTable {
    filter { row in value(row).contains { $0 != 0 } }
  }

  func filter(_ isKept: (Int) -> Bool) -> EntryTable {
    var keptKeys: [UInt8] = []
    var keptValues: [UInt8] = []
    for row in 0..<count where isKept(row) {
      keptKeys += key(row)
      keptValues += value(row)
    }
    return EntryTable(
      keySize: keySize, valueSize: valueSize, keys: keptKeys, values: keptValues)
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
      where !value[start..<start + size].elementsEqual(first) { return nil }
      single += first
    }
    return EntryTable(keySize: keySize, valueSize: size, keys: keys, values: single)
  }
}
