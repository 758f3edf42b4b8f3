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
    let image = try relocated(resolved)
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
      parameters.descriptors = [0] + modules.map { $0.loaded.descriptor.rawValue }
    }
    if image.readsMemory, Feature.probeReadKernel.isSupported == false {
      parameters.instructions = parameters.instructions.map(\.readingAnyMemory)
    }
    if let target = load.attachTo, let attachType = image.expectedAttachType {
      parameters.attachTypeID = try types().id(of: target, for: attachType)
    }
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
      failure.sourceLine = VerifierLocation(
        log: error.verifierLog ?? "", lineInfo: image.lineInfo, btf: load.btfBytes)
      if let poisoned = image.poisonedRelocation(log: error.verifierLog ?? "") {
        failure.hints.insert("CO-RE relocation: \(poisoned)", at: 0)
      }
      if let hint = VerifierLocation.hint(log: error.verifierLog ?? "") {
        failure.hints.append(hint)
      }
      throw failure
    }
  }

  private func resolvingExterns(
    of load: ProgramLoad<LiveObject>
  ) throws(KernelFailure) -> (image: ProgramImage, modules: [KernelExterns.Module]) {
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

/// The types of the running kernel, which tracing programs name their targets by and CO-RE
/// relocations are done against.
struct KernelTypes {
  let targets: TargetTypes
  var btf: BTF { targets.vmlinux }

  static func running() throws(KernelFailure) -> KernelTypes {
    let path = "/sys/kernel/btf/vmlinux"
    let bytes = try wrap(about: path) { () throws(KernelError) in try KernelBTF.vmlinux() }
    do throws(ObjectError) {
      let vmlinux = try BTF(parsing: bytes, section: path, checksReferences: false)
      return KernelTypes(
        targets: TargetTypes(vmlinux: vmlinux) { () throws(ObjectError) in
          try modules(over: vmlinux)
        })
    } catch {
      throw KernelFailure(
        operation: "read", subject: path, message: "its types cannot be read: \(error)")
    }
  }

  private static func modules(over vmlinux: BTF) throws(ObjectError) -> [TargetTypes.Module] {
    var modules: [TargetTypes.Module] = []
    do throws(KernelError) {
      for name in try KernelBTF.moduleNames() {
        // It may have been unloaded since.
        guard let bytes = try KernelBTF.module(name) else { continue }
        // Broken types of one module are no reason to refuse programs that do not need them.
        guard let btf = try? BTF(parsing: bytes, base: vmlinux, checksReferences: false)
        else { continue }
        modules.append(TargetTypes.Module(name: name, btf: btf))
      }
    } catch {
      throw ObjectError(message: "the types of the kernel's modules cannot be read: \(error)")
    }
    return modules
  }

  /// The type id that PROG_LOAD takes as `attach_btf_id`.
  func id(of target: String, for attachType: AttachType) throws(KernelFailure) -> UInt32 {
    let (kind, name, what): (BTF.Kind, String, String) =
      switch attachType {
      case .traceRawTp: (.typedef, "btf_trace_\(target)", "raw tracepoint")
      case .traceIter: (.function, "bpf_iter_\(target)", "iterator")
      case .lsmMac, .lsmCgroup: (.function, "bpf_lsm_\(target)", "LSM hook")
      default: (.function, target, "function")
      }
    guard let id = btf.first(kind, named: name) else {
      throw KernelFailure(
        operation: "BPF_PROG_LOAD", subject: target,
        message: "this kernel has no \(what) \(target)",
        hints: ["bpftool btf dump file /sys/kernel/btf/vmlinux | grep \(name)"])
    }
    return id
  }
}
