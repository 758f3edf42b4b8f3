internal import BPFObject

/// A map of the manifest's own says all that its type leaves open, and nothing else. So does the
/// template of inner maps.
struct OwnMapCheck {
  let map: Manifest.MapDeclaration
  let type: Located<MapType>

  func run(_ log: inout DiagnosticLog) {
    let form = MapForm(type.value)
    checkForm(of: map.parts, type, "the map '\(map.ref.value)'", at: map.ref.at, &log)
    if map.extra != nil, type.value != .bloomFilter, type.value != .arena {
      log.error(
        "conflicting-keys", "\(type.value.phrase) has no 'map_extra'", at: map.extra?.at,
        related: [("the type is given here", type.at)])
    }
    checkKeys(of: map.entries, form.key, &log)
    checkInner(&log)
  }

  /// What is said of a map or of a template.
  struct Parts {
    var key: Position?
    var value: Position?
    var maxEntries: Located<UInt32>?
    /// The keys that stand there.
    var given: Set<String>
  }

  private func checkForm(
    of parts: Parts, _ type: Located<MapType>, _ what: String, at place: Position,
    _ log: inout DiagnosticLog
  ) {
    let form = MapForm(type.value)
    func check(_ field: String, isNeeded: Bool, isPossible: Bool, _ position: Position?) {
      if isNeeded, !parts.given.contains(field) {
        log.error(
          "missing-key", "\(what) needs '\(field)', as \(type.value.phrase)", at: place,
          related: [("the type is given here", type.at)])
      } else if !isPossible, position != nil {
        log.error(
          "conflicting-keys", "\(type.value.phrase) has no '\(field)'", at: position,
          related: [("the type is given here", type.at)])
      }
    }
    check("key", isNeeded: form.key.isDeclared, isPossible: form.key.isThere, parts.key)
    check("value", isNeeded: form.value.isDeclared, isPossible: form.value.isThere, parts.value)
    check("max_entries", isNeeded: form.needsMaxEntries, isPossible: true, parts.maxEntries?.at)
    if parts.maxEntries?.value == 0, form.needsMaxEntries {
      log.error(
        "invalid-value", "'max_entries': \(type.value.phrase) holds at least one entry",
        at: parts.maxEntries?.at)
    }
  }

  private func checkInner(_ log: inout DiagnosticLog) {
    guard let inner = map.inner else {
      guard type.value.isMapOfMaps, !map.given.contains("inner") else { return }
      return log.error(
        "missing-key", "the map '\(map.ref.value)' needs 'inner', as \(type.value.phrase)",
        at: map.ref.at, hints: ["inner: {type: …} says what the maps in it are like"],
        related: [("the type is given here", type.at)])
    }
    guard type.value.isMapOfMaps else {
      return log.error(
        "conflicting-keys", "\(type.value.phrase) has no 'inner'", at: inner.at,
        related: [("the type is given here", type.at)])
    }
    guard let kind = inner.type else {
      if !inner.given.contains("type") {
        log.error("missing-key", "'inner' of '\(map.ref.value)' needs 'type'", at: inner.at)
      }
      return
    }
    // That the kernel takes none of those has been said.
    if kind.value.isMapOfMaps { return }
    checkForm(of: inner.parts, kind, "'inner' of '\(map.ref.value)'", at: inner.at, &log)
  }

  private func checkKeys(
    of entries: Manifest.Entries?, _ key: MapForm.Part, _ log: inout DiagnosticLog
  ) {
    guard let items = entries?.items else { return }
    for item in items where (item.key != nil) != key.isThere && !log.isFull {
      log.error(
        key.isThere ? "missing-key" : "conflicting-keys",
        key.isThere
          ? "an entry of \(type.value.phrase) needs 'key'"
          : "an entry of \(type.value.phrase) has no 'key'",
        at: item.key?.at ?? item.at)
    }
  }
}

extension MapType {
  /// "an array", "a hash".
  fileprivate var phrase: String {
    let name = description
    return "aeiou".contains(name.prefix(1)) ? "an \(name)" : "a \(name)"
  }
}

extension MapForm.Part {
  fileprivate var isDeclared: Bool { if case .declared = self { true } else { false } }
  fileprivate var isThere: Bool { if case .none = self { false } else { true } }
}

extension Manifest.MapDeclaration {
  fileprivate var parts: OwnMapCheck.Parts {
    OwnMapCheck.Parts(key: key?.at, value: value?.at, maxEntries: maxEntries, given: given)
  }
}

extension Manifest.InnerMap {
  fileprivate var parts: OwnMapCheck.Parts {
    OwnMapCheck.Parts(key: key?.at, value: value?.at, maxEntries: maxEntries, given: given)
  }
}
