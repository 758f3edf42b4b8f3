internal import BPFKernel
public import BPFObject
public import Planning

extension LiveKernel {
  public func open(_ kind: Planning.ObjectKind, id: UInt32) throws(KernelFailure) -> LiveObject {
    do throws(KernelError) {
      return switch kind {
      case .map: LiveObject(try Map(id: id))
      case .program: try LiveObject(try Program(id: id))
      case .link: try LiveObject(try Link(id: id))
      }
    } catch {
      // By id takes CAP_SYS_ADMIN; by its pin does not.
      guard error.errno == .notPermitted,
        let path = pinsByObject[Pin.Object(kind: kind.kernelKind, id: id)],
        let place = try place(of: path)
      else { throw KernelFailure(error) }
      let found = try wrap { () throws(KernelError) in
        try place.directory.open(place.name).map { pinned throws(KernelError) in
          try LiveObject(pinned)
        }
      }
      guard let found, found.id == id else { throw KernelFailure(error) }
      return found
    }
  }

  public func loadBTF(_ bytes: [UInt8]) throws(KernelFailure) -> LiveObject {
    do throws(KernelError) {
      return try LiveObject(try LoadedBTF.load(bytes))
    } catch {
      // An older kernel refuses kinds of types that it does not know: it is given others of the
      // same size. What is refused for another reason is refused again.
      guard error.errno == .invalid, let types = try? BTF(parsing: bytes) else {
        throw KernelFailure(error)
      }
      let plain = types.replacing(TypeFeatures.missing)
      guard plain != bytes else { throw KernelFailure(error) }
      return try wrap { () throws(KernelError) in try LiveObject(try LoadedBTF.load(plain)) }
    }
  }

  public func createMap(
    _ creation: MapCreation<LiveObject>
  ) throws(KernelFailure) -> LiveObject {
    if let structOps = creation.map.structOps { return try createStructOps(creation, structOps) }
    let inner: Map?
    if let object = creation.inner {
      inner = try map(object, "BPF_MAP_CREATE")
    } else {
      inner = nil
    }
    var parameters = MapParameters(creation.map, btf: creation.btf?.btf, inner: inner)
    let map = try wrap { () throws(KernelError) in
      if parameters.type == .perfEventArray, parameters.maxEntries == 0 {
        parameters.maxEntries = UInt32(try BPFKernel.HostFacts.possibleCPUs())
      }
      if parameters.type == .ringbuf || parameters.type == .userRingbuf {
        parameters.maxEntries = BPFKernel.HostFacts.ringBufferSize(parameters.maxEntries)
      }
      return try LiveKernel.create(
        parameters.type.takesBTF ? parameters : parameters.withoutTypes)
    }
    if let data = creation.map.data, data.kind == .kconfig {
      let contents = try KernelSettings.contents(of: data)
      try wrap { () throws(KernelError) in try map.update([0, 0, 0, 0], contents) }
    }
    if map.info.type == .arena {
      // Programs can be verified only once it is known where user space sees the arena.
      let data = creation.map.arena
      try wrap { () throws(KernelError) in
        try map.mapArena(writing: data?.contents ?? [], at: data?.offset ?? 0)
      }
    }
    return LiveObject(map)
  }

  private static func create(_ parameters: MapParameters) throws(KernelError) -> Map {
    do throws(KernelError) {
      return try Map.create(parameters)
    } catch {
      // Many map types refuse to have their keys and values described; the description is an
      // extra, so such a map is made without. An error that has another reason comes again.
      guard parameters.btf != nil else { throw error }
      return try Map.create(parameters.withoutTypes)
    }
  }

  public func loadProgram(
    _ load: ProgramLoad<LiveObject>
  ) throws(KernelFailure) -> LiveObject {
    let (resolved, modules) = try resolvingExterns(of: load)
    var image = try relocated(resolved)
    if image.exceptionCallback != nil, TypeFeatures.missing.contains(.declarationTags) {
      image = image.withoutExceptionCallback()
    }
    var descriptors: [String: Int32] = [:]
    for name in image.reachableMaps {
      guard let object = load.maps[name] else {
        throw KernelFailure(
          operation: "BPF_PROG_LOAD", subject: image.name, message: "no map is bound to \(name)")
      }
      descriptors[name] = try map(object, "BPF_PROG_LOAD").descriptor.rawValue
    }
    var parameters = ProgramParameters(
      type: image.type, name: MapSpec.kernelName(for: image.name),
      instructions: image.instructions { descriptors[$0] ?? -1 }, license: image.license,
      expectedAttachType: image.expectedAttachType)
    parameters.flags = image.flags
    parameters.btf = load.btf?.btf
    parameters.functionInfo = image.functionInfo
    parameters.lineInfo = image.lineInfo
    // Index 0 stands for the kernel itself.
    if !modules.isEmpty {
      parameters.descriptors = [0] + modules.map { $0.descriptor.rawValue }
    }
    if image.readsMemory, Feature.probeReadKernel.isSupported == false {
      parameters.instructions = parameters.instructions.map(\.readingAnyMemory)
    }
    try aim(&parameters, load)
    if let member = image.structOps {
      let target = try target(of: member)
      parameters.attachTypeID = target.typeID
      parameters.expectedAttachType = AttachType(rawValue: target.index)
    }
    do throws(KernelError) {
      return try withExtendedLifetime((load, modules)) { () throws(KernelError) in
        try LiveObject(try Program.load(parameters))
      }
    } catch {
      var failure = KernelFailure(error, subject: "program \(image.name)")
      failure.sourceLine = SourceLine(
        log: error.verifierLog ?? "", lineInfo: image.lineInfo, btf: load.btfBytes)
      if let poisoned = image.poisonedRelocation(log: error.verifierLog ?? "") {
        failure.hints.insert("CO-RE relocation: \(poisoned)", at: 0)
      }
      if let hint = SourceLine.hint(log: error.verifierLog ?? "") {
        failure.hints.append(hint)
      }
      throw failure
    }
  }

  /// Names what a tracing, LSM or freplace program is made for.
  private func aim(
    _ parameters: inout ProgramParameters, _ load: ProgramLoad<LiveObject>
  ) throws(KernelFailure) {
    if let running = load.attachProgram {
      let program = try program(running, "BPF_PROG_LOAD")
      guard let function = load.attachTo else {
        throw KernelFailure(
          operation: "BPF_PROG_LOAD", subject: load.image.name,
          message: "it is not said which function of program \(running.id) it is for",
          hints: ["name it in the section: SEC(\"freplace/FUNCTION\")"])
      }
      parameters.attachProgram = program
      parameters.attachTypeID = try KernelTypes.function(function, of: program)
    } else if let name = load.attachTo, let attachType = load.image.expectedAttachType {
      let target = try types().target(name, for: attachType)
      parameters.attachTypeID = target.id
      parameters.attachBTF = target.module
    }
  }

  private func resolvingExterns(
    of load: ProgramLoad<LiveObject>
  ) throws(KernelFailure) -> (image: ProgramImage, modules: [LoadedBTF]) {
    guard !load.image.externs.isEmpty else { return (load.image, []) }
    let known: KernelExterns
    if let externs {
      known = externs
    } else {
      known = KernelExterns(try types())
      externs = known
    }
    let btf: BTF
    do throws(ObjectError) {
      btf = try BTF(parsing: load.btfBytes)
    } catch {
      throw KernelFailure(
        operation: "BPF_PROG_LOAD", subject: load.image.name, message: error.description)
    }
    return try known.resolve(load.image, types: btf)
  }

  public func bind(_ map: LiveObject, to program: LiveObject) throws(KernelFailure) {
    let target = try self.program(program, "BPF_PROG_BIND_MAP")
    let bound = try self.map(map, "BPF_PROG_BIND_MAP")
    try wrap { () throws(KernelError) in try target.bind(bound) }
  }

  /// The image fitted to the running kernel.
  private func relocated(_ image: ProgramImage) throws(KernelFailure) -> ProgramImage {
    guard !image.coreRelocations.isEmpty else { return image }
    let targets = try types().targets
    do throws(ObjectError) {
      return try image.relocated(against: targets)
    } catch {
      throw KernelFailure(
        operation: "BPF_PROG_LOAD", subject: "program \(image.name)", message: error.message,
        hints: error.hint.map { [$0] } ?? [])
    }
  }

  /// The types of the running kernel and, when they are needed, of its modules: what programs are
  /// relocated against. Read once; ENOENT when the kernel has no `/sys/kernel/btf/vmlinux`.
  public func targetTypes() throws(KernelFailure) -> TargetTypes { try types().targets }

  func types() throws(KernelFailure) -> KernelTypes {
    if let kernelTypes { return kernelTypes }
    let loaded = try KernelTypes.running()
    kernelTypes = loaded
    return loaded
  }
}

extension MapParameters {
  fileprivate var withoutTypes: MapParameters {
    var plain = self
    plain.btf = nil
    plain.keyTypeID = 0
    plain.valueTypeID = 0
    return plain
  }
}
