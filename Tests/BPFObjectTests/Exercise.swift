@testable import BPFObject

/// Everything that can be asked of bytes that nobody vouches for. The targets of Tests/fuzz call it,
/// and so do the tests of what they once found.
enum Exercise {
  static func elf(_ bytes: [UInt8]) {
    for purpose in [ELFFile.Purpose.code, .types] {
      guard let elf = try? ELFFile(parsing: bytes, for: purpose) else { continue }
      for index in elf.sections.indices.prefix(512) {
        _ = (elf.name(ofSection: index), elf.contents(ofSection: index).count)
      }
      for symbol in elf.symbols.prefix(4096) { _ = elf.name(of: symbol) }
      _ = try? elf.relocations()
    }
    _ = try? BTF(file: bytes, named: "fuzz")
  }

  /// Every question that can be asked of BTF, for every type of it.
  static func btf(_ bytes: [UInt8]) {
    guard let btf = try? BTF(file: bytes, named: "fuzz") else { return }
    let targets = TargetTypes(vmlinux: btf)
    for id in 0..<UInt32(min(btf.count + 1, 400)) {
      _ = (btf.name(of: id), btf.size(of: id), btf.skipModifiers(id), btf.array(id))
      _ = (btf.members(of: id).count, btf.enumerators(of: id).count, btf.variables(of: id).count)
      _ = (btf.parameters(of: id).count, btf.declarationTag(id), btf.declaration(of: id))
      _ = (btf.integer(id), btf.linkage(of: id), btf.isSignedEnumeration(id))
      if let head = btf.head(id) {
        _ = try? targets.candidates(for: head, named: btf.nameBytes(at: head.nameOffset))
      }
      if let layout = try? btf.layout(of: id), layout.size <= 4096 {
        let value = layout.decode([UInt8](repeating: 0x5a, count: layout.size))
        if let again = try? layout.encode(value) {
          precondition(again.count == layout.size, "a value is encoded to another size")
        }
      }
      _ = btf.isCompatible(id, with: UInt32(btf.count) &- id, of: btf)
    }
    // What is made for older kernels must be readable, or it could not be loaded.
    let plain = btf.replacing(Set(BTF.Addition.allCases))
    precondition((try? BTF(parsing: plain)) != nil, "what is made for older kernels is broken")
  }

  /// The bytes as the `.BTF.ext` section of objects, up to the instructions.
  static func extensions(_ bytes: [UInt8], in objects: [ObjectFile]) {
    for object in objects {
      guard let btf = object.btf else { continue }
      var names = NameBudget(bytes: bytes.count)
      guard let extended = try? BTFExtension(parsing: bytes, btf: btf, names: &names) else {
        return
      }
      var code = object.code
      code.extended = extended
      relocate(
        ObjectFile(
          name: object.name, license: object.license, programs: object.programs,
          maps: object.maps, globals: object.globals, externs: object.externs, btf: btf,
          code: code),
        against: [TargetTypes(vmlinux: btf)])
    }
  }

  /// The bytes as the types of a kernel that objects are relocated against.
  static func relocations(against bytes: [UInt8], of objects: [ObjectFile]) {
    guard let btf = try? BTF(parsing: bytes, checksReferences: false) else { return }
    let targets = TargetTypes(vmlinux: btf)
    for object in objects { relocate(object, against: [targets]) }
  }

  /// Bytes to instructions: all that is asked of a file before anything is loaded.
  static func object(_ bytes: [UInt8], against targets: [TargetTypes] = []) {
    guard let object = try? ObjectFile(parsing: bytes, name: "fuzz.bpf.o") else { return }
    relocate(object, against: targets + (object.btf.map { [TargetTypes(vmlinux: $0)] } ?? []))
    for map in object.maps where map.data != nil {
      for (variable, layout) in object.described(map).prefix(64) {
        _ = layout?.decode(object.contents(of: variable)).text(limit: 200)
      }
      for setting in map.data?.configuration ?? [] {
        for text in ["y", "m", "250", "-1", "\"text\"", "0x"] { _ = try? setting.bytes(of: text) }
      }
    }
    _ = object.loadableBTF
    _ = object.btf?.replacing(Set(BTF.Addition.allCases))
  }

  private static func relocate(_ object: ObjectFile, against targets: [TargetTypes]) {
    for program in object.programs.prefix(16) {
      guard let image = try? object.image(of: program.name, type: .xdp) else { continue }
      let resolved = image.resolvingExterns { reference in
        reference.isWeak ? .absent : .type(id: reference.typeID, module: 1)
      }
      _ = object.functions(of: image)
      _ = image.coreSubjects
      for target in targets {
        guard let relocated = try? resolved.relocated(against: target) else { continue }
        precondition(
          relocated.instructions.count == image.instructions.count, "instructions are lost")
        _ = relocated.coreResults.map(\.description)
        _ = relocated.predictedTag(.sha256)
        _ = relocated.instructions { name in Int32(name.utf8.count) }
      }
    }
  }
}
