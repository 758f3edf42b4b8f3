internal import BPFObject
internal import Planning

/// What is in maps before a test, and after it.
extension Resolver {
  /// The maps that the program and what it calls can use, by REF; maps that others own as the
  /// program's object has them.
  mutating func reachedMaps(of program: DesiredProgram) -> [String: DesiredMap] {
    var reached: [String: DesiredMap] = [:]
    var programsSeen: Set<String> = []
    var pending = [program.ref]
    while let ref = pending.popLast() {
      guard programsSeen.insert(ref).inserted, let user = programs[ref] else { continue }
      var refs = user.bindings.sorted { $0.key < $1.key }.map { ($0.value, String?($0.key)) }
      while let (map, name) = refs.popLast() {
        guard reached[map] == nil, var found = maps[map] else { continue }
        if found.external != nil, found.map.type == .unspecified, let name,
          let standIn = standIn(for: found, name, of: user.object)
        {
          found = standIn
          standIns[map] = standIn
        }
        reached[map] = found
        for target in found.entries?.targets ?? [] {
          switch target {
          case .program(let tail): pending.append(tail)
          case .map(let inner): refs.append((inner, nil))
          case .attachment, .pin: break
          }
        }
      }
    }
    return reached
  }

  private mutating func standIn(
    for map: DesiredMap, _ name: String, of object: String
  ) -> DesiredMap? {
    guard let loaded = objects[object], let spec = loaded.maps[name] else { return nil }
    var standIn = DesiredMap(ref: map.ref, map: spec, pin: map.pin)
    standIn.object = object
    standIn.sensitive = map.sensitive
    return apply(nil, to: &standIn, object: loaded) ? standIn : nil
  }

  mutating func addEntries(
    _ rows: Manifest.Test.Entries, of program: DesiredProgram, _ maps: [String: DesiredMap],
    to test: inout DesiredTest
  ) {
    guard let map = usedMap(rows.map, of: program, maps) else { return }
    let types: [MapType] = [
      .hash, .array, .percpuHash, .percpuArray, .lruHash, .lruPercpuHash, .lpmTrie, .queue, .stack,
      .bloomFilter,
    ]
    guard types.contains(map.map.type), map.map.data == nil else {
      log.error(
        "invalid-entries",
        map.map.data == nil
          ? "a test cannot put entries into \(map.map.type.withArticle)"
          : "a test cannot set global variables", at: rows.map.at,
        hints: map.map.data == nil ? [] : ["their values are set under objects: globals"])
      return
    }
    var table = EntryRows(map: map, boundMap: mapRef)
    for item in rows.items where !log.isFull {
      guard let value = item.value else { continue }
      if item.isSensitive { test.sensitiveMaps.insert(map.ref) }
      do throws(EntryError) {
        _ = try table.add(key: item.key?.value, value: value.value)
      } catch {
        report(error, item)
      }
    }
    test.entries[map.ref] = table.table
  }

  mutating func expect(
    _ rows: Manifest.Test.Entries, of program: DesiredProgram, _ maps: [String: DesiredMap],
    in test: inout DesiredTest
  ) {
    guard let map = usedMap(rows.map, of: program, maps) else { return }
    let types: [MapType] = [
      .hash, .array, .percpuHash, .percpuArray, .lruHash, .lruPercpuHash, .lpmTrie,
    ]
    guard types.contains(map.map.type) else {
      let names = types.map(\.description).joined(separator: ", ")
      log.error(
        "invalid-entries", "the entries of \(map.map.type.withArticle) cannot be compared",
        at: rows.map.at,
        hints: ["those of \(names) can"])
      return
    }
    let encoder = EntryRows(map: map, boundMap: mapRef)
    for item in rows.items where !log.isFull {
      if item.isSensitive { test.sensitiveMaps.insert(map.ref) }
      if let absent = item.absent, !absent.value {
        log.error(
          "invalid-value", "'absent' can only be true", at: absent.at,
          hints: ["what has to be there is said by its 'value'"])
      }
      do throws(EntryError) {
        var entry = ExpectedEntry(
          map: map.ref, key: try encoder.bytes(ofKey: item.key?.value), value: nil)
        if let value = item.value {
          do throws(ValueError) {
            guard let layout = map.valueLayout else {
              throw ValueError(message: "the values of \(map.map.type.withArticle) have no type")
            }
            let partial = try PartialValue(value.value, layout)
            entry.value = partial.bytes
            entry.mask = partial.mask
            if partial.mask != nil { entry.text = value.value.text(limit: EntryNotation.limit) }
          } catch {
            throw EntryError(.value, error)
          }
        }
        test.expected.entries.append(entry)
      } catch {
        report(error, item)
      }
    }
  }

  private mutating func report(_ error: EntryError, _ item: Manifest.Test.Item) {
    guard let data = error.part == .key ? item.key : item.value else {
      return log.error("missing-key", error.error.message, at: item.at)
    }
    valueError(error.error, of: "the \(error.part.rawValue)", in: data)
  }

  /// The map that a test names, if the program can have to do with it.
  private mutating func usedMap(
    _ name: Located<String>, of program: DesiredProgram, _ maps: [String: DesiredMap]
  ) -> DesiredMap? {
    if let map = maps[mapRef(name.value)] { return map }
    // What is wrong with the map itself has been reported.
    if failed.contains(.map(mapRef(name.value))) { return nil }
    let isKnown = self.maps[mapRef(name.value)] != nil
    log.error(
      isKnown ? "unused-map" : "unknown-map",
      isKnown
        ? "'\(program.ref)' does not use the map '\(name.value)'"
        : "there is no map '\(name.value)'", at: name.at,
      hints: [
        isKnown ? nil : Suggestion.hint(for: name.value, in: maps.keys.sorted()),
        maps.isEmpty
          ? "'\(program.ref)' uses no maps"
          : "it uses \(maps.keys.sorted().prefix(12).joined(separator: ", "))",
      ])
    return nil
  }
}

/// A value of which some fields may be left out: they do not matter.
struct PartialValue {
  var bytes: [UInt8]
  /// Ones where bytes were given; nil = everywhere.
  var mask: [UInt8]?

  init(_ value: Value, _ layout: Layout) throws(ValueError) {
    guard case .record(let members) = value, case .record = layout,
      let fields = layout.flatFields, (try? layout.encode(value)) == nil
    else {
      bytes = try layout.encode(value)
      return
    }
    var bytes = [UInt8](repeating: 0, count: layout.size)
    var mask = bytes
    for member in members {
      guard let field = fields.first(where: { $0.name == member.name }) else {
        throw ValueError(
          path: [.member(member.name)], message: "unknown field '\(member.name)'",
          hint: Suggestion.hint(for: member.name, in: fields.map(\.name))
            ?? "the fields are \(fields.map(\.name).prefix(12).joined(separator: ", "))")
      }
      guard field.bitSize == nil else {
        throw ValueError(
          path: [.member(member.name)],
          message: "'\(member.name)' is a bit field, and so all fields have to be given")
      }
      let inner: PartialValue
      do throws(ValueError) {
        inner = try PartialValue(member.value, field.layout)
      } catch {
        throw error.inside(.member(member.name))
      }
      let start = field.bitOffset / 8
      let end = start + inner.bytes.count
      guard start >= 0, end <= bytes.count else { continue }
      bytes.replaceSubrange(start..<end, with: inner.bytes)
      mask.replaceSubrange(
        start..<end, with: inner.mask ?? [UInt8](repeating: 0xff, count: inner.bytes.count))
    }
    self.bytes = bytes
    self.mask = mask
  }
}
