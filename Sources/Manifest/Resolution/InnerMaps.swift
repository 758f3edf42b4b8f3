internal import BPFObject
internal import Planning

/// Maps in maps: they exist, and look the way that the outer map says.
extension Resolver {
  /// Whether a REF in an entry names a map; if not, that is reported.
  mutating func isMap(_ ref: String, _ place: SourceLocation) -> Bool {
    guard let (object, name) = Self.parts(ref) else {
      if declaredMaps[ref] != nil { return true }
      log.add(
        Diagnostic(
          code: "unknown-map", message: "no map '\(ref)' is declared", location: place,
          hints: [
            Suggestion.hint(for: ref, in: declaredMaps.keys.sorted())
              ?? "a map of an object is OBJECT/\(ref)"
          ]))
      return false
    }
    guard let loaded = objects[object] else {
      // One that is declared could not be read, which has been said.
      if manifest.objects.contains(where: { $0.name.value == object }) { return false }
      log.add(
        Diagnostic(
          code: "unknown-object", message: "no object '\(object)' is declared", location: place,
          hints: Suggestion.hint(for: object, in: manifest.objects.map(\.name.value)).map { [$0] }
            ?? []))
      return false
    }
    if loaded.maps[name] != nil { return true }
    log.add(
      Diagnostic(
        code: "unknown-map", message: "the object '\(object)' has no map '\(name)'",
        location: place,
        hints: (Suggestion.hint(for: name, in: loaded.maps.keys.sorted())
          ?? Self.listing(loaded.maps.keys.sorted())).map { [$0] } ?? []))
    return false
  }

  /// The kernel compares a map with the outer map's template when it is put in.
  mutating func checkInnerMaps() {
    for use in innerUses {
      guard let template = maps[use.outer]?.map.inner.first, let found = maps[use.inner],
        found.external == nil
      else { continue }
      let differences = template.differences(to: found.map)
      guard !differences.isEmpty else { continue }
      log.add(
        Diagnostic(
          code: "incompatible-inner-map",
          message: "'\(use.inner)' cannot be in '\(use.outer)': it has "
            + differences.joined(separator: ", "),
          location: use.at,
          hints: ["the maps in '\(use.outer)' have to be like its 'inner'"]))
    }
  }
}

extension MapSpec {
  /// What keeps a map from standing where this is the template, in words.
  fileprivate func differences(to map: MapSpec) -> [String] {
    var differences: [String] = []
    if map.type != type { differences.append("type \(map.type), not \(type)") }
    if map.keySize != keySize {
      differences.append("keys of \(map.keySize) bytes, not \(keySize)")
    }
    if map.valueSize != valueSize {
      differences.append("values of \(map.valueSize) bytes, not \(valueSize)")
    }
    // To have a NUMA node is a flag as well.
    if map.flags != flags || (map.numaNode == nil) != (numaNode == nil) {
      differences.append("other map_flags")
    }
    // Programs check indexes against the template's size, unless it says otherwise.
    let innerMap: UInt32 = 1 << 12
    if [.array, .xskmap].contains(type), flags & innerMap == 0, map.maxEntries != maxEntries {
      differences.append("\(map.maxEntries) entries, not \(maxEntries)")
    }
    return differences
  }
}
