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
    isArray = [.array, .percpuArray, .insnArray].contains(type)
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
    for (key, references) in sortedReferences {
      hash.update(data: key)
      for reference in references { hash.update(data: Array(reference.description.utf8)) }
    }
    return Digest.hex(hash: hash.finalize())
  }

  /// By key.
  public var sortedReferences: [(key: [UInt8], references: [EntryReference])] {
    references.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
  }

  /// The maps and programs that entries refer to.
  public var targets: Set<Address> {
    Set(references.values.joined().compactMap(\.address))
  }

  /// The names of interfaces in entries.
  var interfaceNames: Set<String> {
    var names: Set<String> = []
    for case .interface(let name, _) in references.values.joined() { names.insert(name) }
    return names
  }

  /// The table with the interfaces' indexes in place; missing ones stay zero. What programs and
  /// maps are referred to stays zero as well.
  public func table(interfaces: [ObservedInterface]) -> EntryTable {
    if interfaceNames.isEmpty { return table }
    var indexes: [String: UInt32] = [:]
    for interface in interfaces where interface.name.namespace == .own {
      indexes[interface.name.name] = interface.index
    }
    var values = table.values
    for (key, references) in references {
      for case .interface(let name, let offset) in references {
        guard let index = indexes[name], let row = table.row(of: key), offset >= 0,
          offset + 4 <= table.valueSize
        else { continue }
        let start = row * table.valueSize + offset
        values.replaceSubrange(start..<start + 4, with: hostBytes(index))
      }
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

  /// Where in the value it stands.
  public var offset: Int {
    switch self {
    case .program(_, let offset), .interface(_, let offset): offset
    case .map: 0
    }
  }
}
