internal import BPFObject

/// Which of `key`, `value` and `max_entries` a map of the manifest's own has to have is decided by
/// its type.
struct OwnMapCheck {
  enum Need { case required, implied, none }

  let map: Manifest.MapDeclaration
  let type: Located<MapType>

  static func needs(_ type: MapType) -> (key: Need, value: Need, maxEntries: Need) {
    switch type {
    case .array, .percpuArray: (.implied, .required, .required)
    case .progArray, .devmap, .cpumap: (.implied, .implied, .required)
    case .devmapHash: (.implied, .implied, .required)
    case .perfEventArray: (.implied, .implied, .implied)
    case .ringbuf: (.none, .none, .required)
    case .queue, .stack, .bloomFilter: (.none, .required, .required)
    default: (.required, .required, .required)
    }
  }

  func run(_ log: inout DiagnosticLog) {
    let needs = Self.needs(type.value)
    check("key", needs.key, map.key?.at, &log)
    check("value", needs.value, map.value?.at, &log)
    check("max_entries", needs.maxEntries, map.maxEntries?.at, &log)
    if map.maxEntries?.value == 0, needs.maxEntries == .required {
      log.error(
        "invalid-value", "'max_entries': a \(type.value) holds at least one entry",
        at: map.maxEntries?.at)
    }
    if map.extra != nil, type.value != .bloomFilter {
      log.error(
        "conflicting-keys", "a \(type.value) has no 'map_extra'", at: map.extra?.at,
        related: [("the type is given here", type.at)])
    }
    checkKeys(of: map.entries, needed: needs.key != .none, &log)
  }

  private func check(
    _ field: String, _ need: Need, _ position: Position?, _ log: inout DiagnosticLog
  ) {
    if need == .required, !map.given.contains(field) {
      log.error(
        "missing-key", "the map '\(map.ref.value)' needs '\(field)', as a \(type.value)",
        at: map.ref.at, related: [("the type is given here", type.at)])
    } else if need == .none, position != nil {
      log.error(
        "conflicting-keys", "a \(type.value) has no '\(field)'", at: position,
        related: [("the type is given here", type.at)])
    }
  }

  private func checkKeys(
    of entries: Manifest.Entries?, needed: Bool, _ log: inout DiagnosticLog
  ) {
    guard let items = entries?.items else { return }
    for item in items where (item.key != nil) != needed && !log.isFull {
      log.error(
        needed ? "missing-key" : "conflicting-keys",
        needed
          ? "an entry of a \(type.value) needs 'key'" : "an entry of a \(type.value) has no 'key'",
        at: item.key?.at ?? item.at)
    }
  }
}
