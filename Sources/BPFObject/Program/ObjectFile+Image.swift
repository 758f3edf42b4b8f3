extension ObjectFile {
  func makeImage(
    of programName: String, type: ProgramType?, attachType: AttachType?
  ) throws(ObjectError) -> ProgramImage {
    guard let program = program(programName),
      let index = code.functions.firstIndex(where: {
        $0.name == programName && !code.isSubprogram($0)
      })
    else {
      if code.functions.contains(where: { $0.name == programName }) {
        throw ObjectError(
          section: ".text",
          message: "\"\(programName)\" is a function that programs call, not a program",
          hint: "give it a section: SEC(\"xdp\")")
      }
      throw ObjectError(
        message: "there is no program \"\(programName)\"",
        hint: programs.isEmpty
          ? "the object has no programs"
          : "there are " + programs.prefix(20).map(\.name).joined(separator: ", "))
    }
    let kind = type ?? program.type
    guard kind != .unspecified else {
      throw ObjectError(
        section: program.section.text,
        message: "the section's name does not say what type the program \"\(programName)\" has",
        hint: "give the type")
    }
    let member = kind == .structOps ? try structOpsMember(of: program) : nil
    var linker = Linker(code: code, externs: externDefinitions)
    linker.exceptionCallbacks = exceptionCallbacks(of: programName)
    try linker.link(index)
    var image = ProgramImage(
      name: programName, section: program.section.text, type: kind,
      expectedAttachType: attachType ?? (kind == program.type ? program.expectedAttachType : nil),
      flags: program.flags, attachTarget: program.attachTarget, license: license,
      instructions: linker.instructions,
      references: linker.references.sorted { $0.instruction < $1.instruction },
      externs: linker.externReferences.sorted { $0.instruction < $1.instruction },
      functionInfo: linker.functionInfo, lineInfo: linker.lineInfo)
    image.structOps = member
    image.exceptionCallback = linker.exceptionCallback
    image.coreRelocations = try coreRelocations(linker.coreRelocations, of: programName)
    if !image.coreRelocations.isEmpty { image.localTypes = localTypes }
    return image
  }

  /// The one member that the object sets to a program.
  private func structOpsMember(of program: ProgramSpec) throws(ObjectError) -> StructOpsMember {
    var found: Set<StructOpsMember> = []
    for case let structOps? in maps.map(\.structOps) {
      for (member, function) in structOps.programs where function == program.name {
        found.insert(StructOpsMember(structure: structOps.structure, member: member))
      }
    }
    guard let member = found.first, found.count == 1 else {
      throw ObjectError(
        section: program.section.text,
        message: found.isEmpty
          ? "no map of struct_ops is set to the program \"\(program.name)\""
          : "maps are set to the program \"\(program.name)\" at different members",
        hint: "a struct_ops program is made for one member of one structure")
    }
    return member
  }

  /// What `__exception_cb(name)` says: a tag on the program's function.
  private func exceptionCallbacks(of program: String) -> [String: String] {
    guard let btf else { return [:] }
    let prefix = "exception_callback:"
    for id in btf.ids(of: .declarationTag) {
      guard let tag = btf.declarationTag(id), tag.component == nil, tag.name.hasPrefix(prefix),
        btf.kind(of: tag.type) == .function, btf.name(of: tag.type) == program
      else { continue }
      return [program: String(tag.name.dropFirst(prefix.count))]
    }
    return [:]
  }
}
