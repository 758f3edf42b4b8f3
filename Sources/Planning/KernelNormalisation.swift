internal import BPFObject

/// What a kernel makes of the attributes that a map is created with, so that the desired map, the
/// last applied one and the one that is there are compared in the same form.
enum KernelNormalisation {
  /// The spec of a map as that host's kernel will report it. Applying it twice changes nothing.
  static func reported(_ spec: Spec, host: HostFacts) -> Spec {
    guard case .text(let name) = spec["type"], let type = MapType(name: name) else { return spec }
    var spec = spec
    // The kernel's structure, which has what size it likes.
    if type == .structOps { spec["value_size"] = nil }
    let flags = reportedFlags(of: spec["map_flags"], type: type)
    spec["map_flags"] = .list(flags.map(SpecValue.text))
    if case .number(let entries) = spec["max_entries"] {
      spec["max_entries"] = .number(
        reportedMaxEntries(
          entries, type: type, perCPULists: flags.contains("no_common_lru"),
          possibleCPUs: UInt64(max(1, host.possibleCPUs))))
    }
    return spec
  }

  /// Flags in the order of their bits. RDONLY, WRONLY and TOKEN_FD say how the creator may use its
  /// descriptor and are not kept; devmaps are read-only to programs whatever is asked for.
  private static func reportedFlags(of value: SpecValue?, type: MapType) -> [String] {
    var names: Set<String> = []
    if case .list(let values) = value { names = Set(values.map(\.description)) }
    names.subtract(["rdonly", "wronly", "token_fd"])
    if type == .devmap || type == .devmapHash { names.insert("rdonly_prog") }
    return names.sorted { (bit(of: $0), $0) < (bit(of: $1), $1) }
  }

  private static func bit(of name: String) -> UInt32 {
    MapFlag.names.first { $0.name == name }?.bit ?? .max
  }

  private static func reportedMaxEntries(
    _ entries: UInt64, type: MapType, perCPULists: Bool, possibleCPUs: UInt64
  ) -> UInt64 {
    switch type {
    case .perfEventArray: return entries == 0 ? possibleCPUs : entries
    case .ringbuf, .userRingbuf: return ringBufferSize(entries)
    case .lruHash where perCPULists, .lruPercpuHash where perCPULists:
      let (raised, overflow) = entries.addingReportingOverflow(possibleCPUs - 1)
      return overflow ? entries : raised / possibleCPUs * possibleCPUs
    default: return entries
    }
  }

  /// A ring buffer is a power of two of at least a page; the loader rounds up to that, since the
  /// kernel refuses other sizes.
  static func ringBufferSize(_ bytes: UInt64) -> UInt64 {
    guard bytes <= 1 << 62 else { return bytes }
    var size: UInt64 = 4096
    while size < bytes { size <<= 1 }
    return size
  }

  /// The names of the flags, those without a name as hex.
  static func flagNames(_ flags: UInt32) -> [String] {
    var rest = flags
    var names: [String] = []
    for (name, bit) in MapFlag.names where flags & bit != 0 {
      names.append(name)
      rest &= ~bit
    }
    if rest != 0 { names.append("0x" + String(rest, radix: 16)) }
    return names
  }
}
