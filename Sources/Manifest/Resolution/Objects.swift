internal import BPFObject
internal import Planning

extension Resolver {
  mutating func readObjects(_ files: some FileReader) {
    var read: [String: [UInt8]] = [:]
    for object in manifest.objects {
      let path = manifest.path(object.file.value)
      guard let bytes = read[path] ?? contents(of: object.file, files) else { continue }
      read[path] = bytes
      let digest = sha256(bytes)
      if let expected = object.sha256, expected.value != digest {
        log.error(
          "digest-mismatch", "the file \(object.file.value) has another digest: \(digest)",
          at: expected.at, hints: ["check where the file comes from before changing this"])
        continue
      }
      do throws(ObjectError) {
        let file = try ObjectFile(parsing: bytes, name: manifest.path(object.file.value))
        load(file, object, digest: digest)
      } catch {
        objectError(error, code: "bad-object", at: object.file.at)
      }
    }
  }

  mutating func readEntryFiles(_ files: some FileReader) {
    for map in manifest.maps {
      guard let file = map.entries?.file else { continue }
      readDataFile(file, files)
    }
  }

  mutating func readDataFile(_ file: Located<String>, _ files: some FileReader) {
    let path = manifest.path(file.value)
    guard entryFiles[path] == nil else { return }
    if let bytes = contents(of: file, files) { entryFiles[path] = bytes }
  }

  private mutating func contents(of name: Located<String>, _ files: some FileReader) -> [UInt8]? {
    do throws(Diagnostic) {
      return try files.read(manifest.path(name.value))
    } catch {
      var located = error
      located.location = location(name.at)
      log.add(located)
      return nil
    }
  }

  mutating func objectError(_ error: ObjectError, code: String, at position: Position) {
    var plain = error
    plain.file = nil
    plain.hint = nil
    let file = error.file.map { "\($0): " } ?? ""
    log.error(code, file + plain.description, at: position, hints: [error.hint])
  }

  private mutating func load(_ file: ObjectFile, _ object: Manifest.Object, digest: String) {
    var loaded = LoadedObject(
      declaration: object, file: file, digest: digest,
      maps: Dictionary(file.maps.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      bindings: Dictionary(
        object.bindings.map { ($0.objectMap.value, $0.map) },
        uniquingKeysWith: { first, _ in first }
      ))
    for global in object.globals { set(global, in: &loaded) }
    objects[object.name.value] = loaded
  }

  /// Writes a global variable's value over what the object has for it.
  private mutating func set(_ global: Manifest.Global, in object: inout LoadedObject) {
    let name = global.name.value
    guard let variable = object.file.global(name) else {
      let isExtern = object.file.externs.contains { $0.name == name }
      log.error(
        "unknown-global",
        isExtern
          ? "'\(name)' is provided by the kernel and cannot be set"
          : "the object '\(object.declaration.name.value)' has no global variable '\(name)'",
        at: global.name.at,
        hints: [Suggestion.hint(for: name, in: object.file.globals.map(\.name))])
      return
    }
    guard let btf = object.file.btf, let type = object.file.typeID(of: variable) else {
      log.error(
        "no-btf", "nothing in the object describes the type of '\(name)'", at: global.name.at,
        hints: ["compile it with -g"])
      return
    }
    let bytes: [UInt8]
    do throws(ValueError) {
      bytes = try btf.layout(of: type).encode(global.data.value)
    } catch {
      valueError(error, of: "the global variable '\(name)'", in: global.data)
      return
    }
    let end = variable.offset + bytes.count
    let holder = object.holder(of: variable)
    let contents = object.maps[holder].flatMap { $0.data?.contents ?? $0.arena?.contents } ?? []
    guard variable.offset >= 0, end <= contents.count, bytes.count == variable.size else {
      log.error(
        "bad-object", "the variable '\(name)' does not fit its section", at: global.name.at)
      return
    }
    object.maps[holder]?.data?.contents.replaceSubrange(variable.offset..<end, with: bytes)
    object.maps[holder]?.arena?.contents.replaceSubrange(variable.offset..<end, with: bytes)
    if global.data.isSensitive { object.sensitiveData.insert(holder) }
  }

  mutating func valueError(_ error: ValueError, of what: String, in data: TypedData) {
    log.error(
      "invalid-value",
      data.isSensitive
        ? "\(what): the value does not fit its type" : "\(what): \(error.message)",
      at: data.position(of: error.path), hints: data.isSensitive ? [] : [error.hint])
  }
}

extension Resolver.LoadedObject {
  /// The map that a variable lies in: its section's, or the arena.
  fileprivate func holder(of variable: GlobalVariable) -> String {
    variable.section == ArenaData.section
      ? file.maps.first { $0.arena != nil }?.name ?? "" : variable.section
  }
}

extension ObjectFile {
  /// The `BTF_KIND_VAR` of a variable, whose name says more about its form than its type alone.
  fileprivate func typeID(of global: GlobalVariable) -> UInt32? {
    guard let btf, let section = btf.first(.dataSection, named: global.section) else { return nil }
    let variable = btf.variables(of: section).first {
      Int($0.offset) == global.offset && btf.name(of: $0.type) == global.name
    }
    return variable?.type ?? (global.typeID == 0 ? nil : global.typeID)
  }
}
