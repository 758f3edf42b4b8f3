internal import BPFObject
internal import Planning

extension Resolver {
  /// A map with its layouts and entries; false when that failed, which is reported.
  mutating func makeMap(_ ref: String, at position: Position) -> Bool {
    let declared = declaredMaps[ref]
    var map: DesiredMap
    if let (objectName, name) = Self.parts(ref) {
      guard let object = objects[objectName] else { return false }
      guard let spec = object.maps[name] else {
        log.error(
          "unknown-map", "the object '\(objectName)' has no map '\(name)'",
          at: declared?.ref.at ?? position,
          hints: [
            Suggestion.hint(for: name, in: object.maps.keys.sorted())
              ?? Self.listing(object.maps.keys.sorted())
          ])
        return false
      }
      map = DesiredMap(ref: ref, map: spec, pin: defaultPin(.map(ref)))
      map.object = objectName
      if let declared, spec.data != nil, !checkDataSettings(declared) { return false }
      guard apply(declared, to: &map, object: object) else { return false }
      map.sensitive = object.sensitiveData.contains(name)
    } else {
      guard let declared else { return false }
      map = DesiredMap(
        ref: ref, map: MapSpec(name: ref, type: declared.type?.value ?? .unspecified),
        pin: defaultPin(.map(ref)))
      guard apply(declared, to: &map, object: nil) else { return false }
    }
    map.location = location(declared?.ref.at ?? position)
    if let declared {
      map.protect = declared.protect ?? false
      map.declaresProtection = declared.protect != nil
      map.adopt = declared.adopt?.value
      if declared.sensitive { map.sensitive = true }
      if let external = declared.external {
        map.external = external.value
        map.pin = PinSpec(path: external.value)
        maps[ref] = map
        return true
      }
    }
    guard checkSupported(map, at: declared?.ref.at ?? position) else { return false }
    addData(to: &map)
    map.freeze = declared?.freeze?.value ?? (map.map.data?.isReadOnly == true)
    if let declared, let entries = declared.entries {
      guard let made = makeEntries(entries, of: &map) else { return false }
      map.entries = made
    } else if !map.map.slots.isEmpty {
      map.entries = slotEntries(of: map, at: position)
    }
    addOperations(to: &map, at: declared?.ref.at ?? position)
    map.onReplace = declared?.onReplace?.value ?? map.defaultOnReplace
    guard setSums(declared?.sums ?? [], of: &map) else { return false }
    maps[ref] = map
    return true
  }

  /// What a migration adds up: numbers among the value's fields.
  private mutating func setSums(_ sums: [Located<String>], of map: inout DesiredMap) -> Bool {
    let before = log.errors.count
    if let first = sums.first, map.onReplace != .migrate {
      log.error(
        "conflicting-keys",
        "'merge' says how '\(map.ref)' is migrated, but it would not be", at: first.at,
        hints: ["set on_replace: migrate"])
    }
    for sum in sums {
      guard let problem = MergeForm.problem(ofSum: sum.value, in: map.valueLayout) else { continue }
      let names = MergeForm.summable(in: map.valueLayout)
      log.error(
        "invalid-merge", "'\(map.ref)': \(problem)", at: sum.at,
        hints: [
          Suggestion.hint(for: sum.value, in: names)
            ?? (names.isEmpty ? nil : "it has \(names.joined(separator: ", "))")
        ])
    }
    map.sums = sums.map(\.value)
    return log.errors.count == before
  }

  /// Only how it is treated can be said about global data; what it is comes from the object.
  private mutating func checkDataSettings(_ map: Manifest.MapDeclaration) -> Bool {
    let allowed: Set = ["protect", "sensitive", "on_replace", "merge", "freeze", "adopt"]
    let wrong = map.given.subtracting(allowed).filter { !$0.hasPrefix("x-") }.sorted()
    guard let first = wrong.first else { return true }
    log.error(
      "conflicting-keys",
      "'\(map.ref.value)' holds global variables, and so '\(first)' cannot be said about it",
      at: map.ref.at, hints: ["their values are set under objects: globals"])
    return false
  }

  private mutating func checkSupported(_ map: DesiredMap, at position: Position) -> Bool {
    if map.map.type == .structOps, map.map.structOps == nil {
      log.error(
        "conflicting-keys",
        "'\(map.ref)' cannot be a struct_ops map: nothing says what it implements",
        at: position, hints: ["such a map stands in SEC(\".struct_ops.link\") of an object"])
      return false
    }
    return true
  }

  /// The declared fields over those of the object, and the layouts of keys and values.
  mutating func apply(
    _ declared: Manifest.MapDeclaration?, to map: inout DesiredMap, object: LoadedObject?
  ) -> Bool {
    if let type = declared?.type { map.map.type = type.value }
    if let count = declared?.maxEntries { map.map.maxEntries = count.value }
    if let flags = declared?.flags { map.map.flags = flags.value }
    if let node = declared?.numaNode { map.map.numaNode = node.value }
    if let extra = declared?.extra { map.map.extra = extra.value }
    // The kernel makes no arena without it.
    if object == nil, map.map.type == .arena { map.map.flags |= 1 << 10 }

    let form = object == nil ? MapForm(map.map.type) : nil
    let key = layout(
      declared?.key, btf: object?.file.btf, id: map.map.keyTypeID, size: map.map.keySize,
      form: form?.key)
    let value = layout(
      declared?.value, btf: object?.file.btf, id: map.map.valueTypeID, size: map.map.valueSize,
      form: form?.value)
    guard key.valid, value.valid, applyInner(declared?.inner, to: &map) else { return false }
    map.keyLayout = key.layout
    // An index is a number, whether or not anything describes it.
    if case .bytes(4)? = key.layout, Self.isIndexed(map.map.type) || map.map.type == .devmapHash {
      map.keyLayout = .integer(size: 4, signed: false, bigEndian: false)
    }
    map.valueLayout = value.layout
    if map.map.type == .lpmTrie, let layout = map.keyLayout {
      map.keyLayout = Layout.prefixLayout(key: layout)
    }
    if object == nil {
      map.map.keySize = UInt32(clamping: map.keyLayout?.size ?? 0)
      map.map.valueSize = UInt32(clamping: map.valueLayout?.size ?? 0)
    }
    return true
  }

  /// Keys are numbers below `max_entries`.
  static func isIndexed(_ type: MapType) -> Bool {
    switch type {
    case .array, .percpuArray, .progArray, .perfEventArray, .devmap, .cpumap, .arrayOfMaps,
      .cgroupArray, .sockmap, .xskmap, .reuseportSockarray:
      true
    default: false
    }
  }

  /// The declared fields of the template over those of the object.
  private mutating func applyInner(
    _ declared: Manifest.InnerMap?, to map: inout DesiredMap
  ) -> Bool {
    guard map.map.type.isMapOfMaps, let declared else { return true }
    let isOwn = map.map.inner.isEmpty
    var inner =
      map.map.inner.first ?? MapSpec(name: "\(map.ref).inner", type: declared.type?.value ?? .array)
    if let type = declared.type { inner.type = type.value }
    if let count = declared.maxEntries { inner.maxEntries = count.value }
    if let flags = declared.flags { inner.flags = flags.value }
    let form = isOwn ? MapForm(inner.type) : nil
    let key = layout(declared.key, btf: nil, id: 0, size: inner.keySize, form: form?.key)
    let value = layout(declared.value, btf: nil, id: 0, size: inner.valueSize, form: form?.value)
    guard key.valid, value.valid else { return false }
    if isOwn {
      inner.keySize = UInt32(clamping: key.layout?.size ?? 0)
      inner.valueSize = UInt32(clamping: value.layout?.size ?? 0)
      if inner.type == .lpmTrie, let layout = key.layout {
        inner.keySize = UInt32(clamping: Layout.prefixLayout(key: layout).size)
      }
    }
    map.map.inner = [inner]
    return true
  }

  /// `form` is that of a map of the manifest's own, whose sizes follow from what is declared.
  private mutating func layout(
    _ declared: TypedData?, btf: BTF?, id: UInt32, size: UInt32, form: MapForm.Part?
  ) -> (layout: Layout?, valid: Bool) {
    if let declared {
      do throws(ValueError) {
        switch form {
        case nil: return (try Layout(type: declared.value, size: Int(size)), true)
        case .sizes(let sizes)? where sizes.count == 1:
          return (try Layout(type: declared.value, size: Int(sizes[0])), true)
        case .sizes(let sizes)?:
          let layout = try Layout(type: declared.value)
          guard sizes.contains(UInt32(clamping: layout.size)) else {
            throw ValueError(
              message: "\(layout.size) bytes are not "
                + sizes.sorted().map(String.init).joined(separator: " or "))
          }
          return (layout, true)
        case .declared?, .none?: return (try Layout(type: declared.value), true)
        }
      } catch {
        log.error(
          "invalid-type", error.message, at: declared.position(of: error.path),
          hints: [error.hint])
        return (nil, false)
      }
    }
    let size = form?.impliedSize ?? size
    guard size > 0 else { return (nil, true) }
    if let btf, id != 0, let layout = try? btf.layout(of: id), layout.size == Int(size) {
      return (layout, true)
    }
    return (.bytes(Int(size)), true)
  }

  /// Global data is one entry: read-only data to the byte, the rest only to begin with.
  private func addData(to map: inout DesiredMap) {
    // What a kernel was built with is known when it is loaded into it.
    guard let data = map.map.data, data.kind != .kconfig else { return }
    let key = [UInt8](repeating: 0, count: Int(map.map.keySize))
    map.entries = DesiredEntries(
      policy: data.kind == .rodata ? .exact : .seed,
      table: EntryTable(
        keySize: key.count, valueSize: data.contents.count, keys: key, values: data.contents))
  }
}
