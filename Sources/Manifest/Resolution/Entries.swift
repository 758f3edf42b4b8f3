internal import BPFObject
internal import Planning

extension Resolver {
  /// The declared entries as bytes; nil when something is wrong, which is reported.
  mutating func makeEntries(
    _ declared: Manifest.Entries, of map: inout DesiredMap
  ) -> DesiredEntries? {
    guard checkPolicy(declared, map) else { return nil }
    let before = log.errors.count
    var rows = EntryRows(map: map, boundMap: mapRef)
    if let items = declared.items {
      for item in items where !log.isFull {
        if item.value.isSensitive || item.key?.isSensitive == true { map.sensitive = true }
        add(item, to: &rows)
      }
    }
    if let file = declared.file, let bytes = entryFiles[manifest.path(file.value)] {
      add(fileAt: manifest.path(file.value), bytes, to: &rows)
    }
    let table = rows.table
    if table.count < rows.count {
      reportDuplicates(in: rows, file: declared.file.map { manifest.path($0.value) })
    }
    let limit = Int(map.map.maxEntries)
    // A kernel decides how many entries a perf event array has.
    if rows.count > limit, limit > 0 {
      log.error(
        "too-many-entries",
        "\(rows.count) entries are declared for '\(map.ref)', which holds \(limit)",
        at: declared.at, hints: ["raise max_entries"])
    }
    guard log.errors.count == before else { return nil }
    return DesiredEntries(
      policy: declared.policy, enforceValues: declared.enforceValues, table: table,
      references: rows.references)
  }

  /// What the type of the map lets be promised.
  private mutating func checkPolicy(_ entries: Manifest.Entries, _ map: DesiredMap) -> Bool {
    let type = map.map.type
    let possible: [DesiredEntries.Policy]
    switch type {
    // The kernel writes into an insn_array when a program is loaded.
    case .queue, .stack, .insnArray: possible = [.seed]
    case .bloomFilter: possible = [.merge, .seed]
    case .lruHash, .lruPercpuHash: possible = [.merge, .seed]
    case .hash, .array, .percpuHash, .percpuArray, .lpmTrie, .progArray, .devmap, .devmapHash,
      .cpumap, .arrayOfMaps, .hashOfMaps, .rhash:
      possible = [.exact, .merge, .seed]
    default: possible = []
    }
    guard !possible.contains(entries.policy) else { return true }
    let names = possible.map { "'\($0.rawValue)'" }.joined(separator: " or ")
    log.error(
      "invalid-policy",
      possible.isEmpty
        ? "\(type.withArticle) takes no entries"
        : "the entries of \(type.withArticle) cannot be '\(entries.policy.rawValue)'",
      at: entries.at,
      hints: [possible.isEmpty ? nil : "what such a map can promise is \(names)"])
    return false
  }

  private mutating func add(_ item: Items.Item, to rows: inout EntryRows) {
    do throws(EntryError) {
      let added = try rows.add(key: item.key?.value, value: item.value.value)
      rows.origins.append(item.key?.at ?? item.at)
      want(added, location(item.value.at), item.value.at, by: rows.ref)
    } catch {
      let data = error.part == .key ? item.key : item.value
      guard let data else {
        return log.error("missing-key", error.error.message, at: item.at)
      }
      valueError(error.error, of: "the \(error.part.rawValue)", in: data)
    }
  }

  private mutating func add(fileAt path: String, _ bytes: [UInt8], to rows: inout EntryRows) {
    var reader: any EntryReader
    do throws(Diagnostic) {
      reader = try EntryFile.reader(bytes, file: path)
    } catch {
      return log.add(error)
    }
    while !log.isFull {
      do throws(Diagnostic) {
        guard let row = try reader.next() else { return }
        add(row, from: reader, path, to: &rows)
      } catch {
        log.add(error)
      }
    }
  }

  private mutating func add(
    _ row: EntryRow, from reader: any EntryReader, _ path: String, to rows: inout EntryRows
  ) {
    do throws(EntryError) {
      let added = try rows.add(key: row.key, value: row.value)
      rows.fileLines.append(UInt32(clamping: row.line))
      // To find the place again takes as long as to read the row.
      guard !added.isEmpty else { return }
      want(added, reader.locate(.value, [], in: row), manifest.name.at, by: rows.ref)
    } catch {
      let place = reader.locate(error.part, error.error.path, in: row)
      log.add(
        Diagnostic(
          code: "invalid-value", message: "the \(error.part.rawValue): \(error.error.message)",
          location: place, hints: error.error.hint.map { [$0] } ?? []))
    }
  }

  /// What an entry of the map `outer` refers to has to be made.
  private mutating func want(
    _ references: [EntryReference], _ place: SourceLocation, _ position: Position, by outer: String
  ) {
    for reference in references {
      switch reference {
      case .program(let ref, _): checkReference(ref, place, position)
      case .map(let ref):
        if isMap(ref, place) {
          pending.append((.map(ref), position))
          innerUses.append((outer, ref, place))
        }
      case .interface: break
      }
    }
  }

  private mutating func checkReference(
    _ ref: String, _ place: SourceLocation, _ position: Position
  ) {
    guard let (object, name) = Self.parts(ref), let loaded = objects[object] else {
      guard let (object, _) = Self.parts(ref),
        manifest.objects.contains(where: { $0.name.value == object })
      else {
        log.add(
          Diagnostic(
            code: "unknown-program", message: "'\(ref)' names no program of an object",
            location: place, hints: ["a program is OBJECT/NAME"]))
        return
      }
      return
    }
    let function = declaredPrograms[ref]?.function?.value ?? name
    guard loaded.file.program(function) == nil else {
      return pending.append((.program(ref), position))
    }
    log.add(
      Diagnostic(
        code: "unknown-program", message: "the object '\(object)' has no program '\(function)'",
        location: place,
        hints: Suggestion.hint(for: function, in: loaded.file.programs.map(\.name)).map { [$0] }
          ?? []))
  }

  private mutating func reportDuplicates(in rows: EntryRows, file: String?) {
    for (first, second) in rows.duplicates(limit: DiagnosticLog.limit) {
      func place(_ row: Int) -> SourceLocation {
        guard row >= rows.origins.count else {
          return SourceLocation(file: manifest.file, at: rows.origins[row])
        }
        return SourceLocation(
          file: file ?? manifest.file, line: Int(rows.fileLines[row - rows.origins.count]),
          column: 1)
      }
      log.add(
        Diagnostic(
          code: "duplicate-entry", message: "the key stands in the entries twice",
          location: place(second),
          related: [.init(message: "first given here", location: place(first))]))
    }
  }

  /// The programs or maps that the object itself puts into a program array or map of maps.
  mutating func slotEntries(of map: DesiredMap, at position: Position) -> DesiredEntries? {
    guard let object = map.object else { return nil }
    guard map.map.keySize == 4 else {
      log.error(
        "bad-object",
        "'\(map.ref)' has values in the object and keys of \(map.map.keySize) bytes: slots are "
          + "numbered in four", at: position)
      return nil
    }
    var keys: [UInt8] = []
    var references: [[UInt8]: [EntryReference]] = [:]
    for (slot, name) in map.map.slots.sorted(by: { $0.key < $1.key }) {
      let ref = "\(object)/\(name)"
      let reference: EntryReference =
        map.map.type == .progArray ? .program(ref, offset: 0) : .map(mapRef(ref))
      let key = unsafe withUnsafeBytes(of: slot) { unsafe Array($0) }
      keys += key
      references[key] = [reference]
      want([reference], location(position), position, by: map.ref)
    }
    let values = [UInt8](repeating: 0, count: 4 * references.count)
    return DesiredEntries(
      policy: .exact, table: EntryTable(keySize: 4, valueSize: 4, keys: keys, values: values),
      references: references)
  }
}
