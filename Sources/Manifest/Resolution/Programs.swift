internal import BPFObject
internal import Planning

extension Resolver {
  /// The image of a program and what it reaches; false when that failed, which is reported.
  mutating func makeProgram(_ ref: String, at position: Position) -> Bool {
    guard let (objectName, name) = Self.parts(ref), let object = objects[objectName] else {
      return false
    }
    let declared = declaredPrograms[ref]
    let function = declared?.function?.value ?? name
    guard object.file.program(function) != nil else {
      log.error(
        "unknown-program", "the object '\(objectName)' has no program '\(function)'",
        at: declared?.function?.at ?? position,
        hints: [
          Suggestion.hint(for: function, in: object.file.programs.map(\.name))
            ?? Self.listing(
              object.file.programs.map(\.name))
        ])
      return false
    }
    // A static probe can be in many places, which one link takes (as libbpf does it).
    let isStaticProbe =
      object.file.program(function).map { SectionName($0.section.text).targetKind == .usdt }
      ?? false
    var image: ProgramImage
    do throws(ObjectError) {
      image = try object.file.image(
        of: function, type: declared?.type?.value,
        attachType: declared?.attachType?.value ?? (isStaticProbe ? .traceUprobeMulti : nil))
    } catch {
      objectError(error, code: "bad-program", at: position)
      return false
    }
    if let flags = declared?.flags { image.flags = flags.value }

    var bindings: [String: String] = [:]
    for map in image.reachableMaps {
      guard let bound = boundRef(objectName, map) else { return false }
      bindings[map] = bound
      pending.append((.map(bound), position))
    }
    guard let attachTo = attachTarget(of: image, declared, ref, at: position) else { return false }
    var program = DesiredProgram(
      ref: ref, object: objectName, image: image, bindings: bindings,
      pin: defaultPin(.program(ref)),
      digest: digest(
        of: image, attachTo: attachTo.name, maps: bindings.keys.sorted(), object: object))
    program.attachTo = attachTo.name
    program.extends = attachTo.extended
    program.adopt = declared?.adopt?.value
    program.location = location(declared?.ref.at ?? position)
    programs[ref] = program
    return true
  }

  static func listing(_ names: [String]) -> String? {
    names.isEmpty ? nil : "it has \(names.prefix(12).joined(separator: ", "))"
  }

  /// What a tracing program is made for, and of an extension whose function that is; the name is nil for
  /// types that need none, and the result when it is missing.
  private mutating func attachTarget(
    of image: ProgramImage, _ declared: Manifest.ProgramDeclaration?, _ ref: String,
    at position: Position
  ) -> (name: String?, extended: ExtensionTarget?)? {
    let needed = [.tracing, .lsm, .ext].contains(image.type)
    guard needed else {
      if let target = declared?.attachTo {
        log.error(
          "conflicting-keys", "a program of type \(image.type) has no 'attach_to'", at: target.at)
        return nil
      }
      return (nil, nil)
    }
    if image.type == .ext {
      return extensionTarget(of: image, declared, ref, at: position).map {
        ($0.function, $0.target)
      }
    }
    let attachable: [AttachType] = [
      .traceRawTp, .traceFentry, .traceFexit, .modifyReturn, .lsmMac, .lsmCgroup, .traceIter,
    ]
    guard let type = image.expectedAttachType, attachable.contains(type) else {
      log.error(
        "not-supported-yet",
        "the program '\(ref)' (section '\(image.section)') is not supported yet", at: position,
        hints: [
          "supported here: tp_btf, fentry, fexit, fmod_ret, lsm, lsm_cgroup, iter and freplace"
        ])
      return nil
    }
    guard let target = declared?.attachTo?.value ?? image.attachTarget else {
      log.error(
        "missing-key", "the section '\(image.section)' of '\(ref)' does not say what it traces",
        at: declared?.ref.at ?? position,
        hints: ["say it in the manifest: programs: {\(ref): {attach_to: …}}"])
      return nil
    }
    return (target, nil)
  }

  /// Over all that decides what the kernel is given, and nothing that differs between hosts or
  /// builds of the same code: no line numbers, no type ids, no descriptors. Which of the manifest's
  /// maps are bound stands beside it in the spec, so that a map can be renamed.
  private func digest(
    of image: ProgramImage, attachTo: String?, maps: [String], object: LoadedObject
  ) -> String {
    var digest = SpecDigest()
    digest.add("bpfapply program 1")
    digest.add(image.name)
    digest.add(image.type.rawValue)
    digest.add(image.expectedAttachType.map(\.description))
    digest.add(image.flags)
    digest.add(attachTo)
    digest.add(image.license)
    if let member = image.structOps {
      digest.add(member.structure)
      digest.add(member.member)
    }
    var code: [UInt8] = []
    code.reserveCapacity(image.instructions.count * 8)
    for instruction in image.instructions { instruction.encode(into: &code) }
    digest.add(code)
    digest.add(image.references.count)
    for reference in image.references {
      digest.add(reference.instruction)
      digest.add(reference.map)
      digest.add(reference.valueOffset.map { String($0) })
    }
    if !image.coreRelocations.isEmpty {
      digest.add("core")
      for subject in image.coreSubjects { digest.add(subject) }
    }
    // Constants are part of the program: the verifier prunes by them.
    for map in maps {
      guard let data = object.maps[map]?.data, data.isReadOnly else { continue }
      digest.add(map)
      digest.add(data.contents)
      for variable in data.configuration {
        digest.add(variable.name)
        digest.add(variable.size)
      }
    }
    for extern in image.externs {
      digest.add(extern.instruction)
      digest.add(extern.kernelName)
      digest.add(extern.isWeak ? 1 : 0)
    }
    return digest.hex
  }
}
