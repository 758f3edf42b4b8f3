internal import BPFKernel
internal import BPFObject
public import Planning

/// What runs on a hook: by PROG_QUERY or rtnetlink where they tell, by the links else.
extension LiveKernel {
  func observe(
    _ hook: Planning.Hook, _ links: [ObservedLink]
  ) throws(KernelFailure) -> ObservedHook {
    var observed = ObservedHook(hook: hook.place)
    do throws(KernelError) {
      try fill(&observed, hook, links)
    } catch {
      if let missing = error.missingTarget {
        observed.missing = missing
      } else if !error.isUnknownHook || !hook.needs.contains(where: \.isMissing) {
        // Else nothing can stand there, and the plan says what the kernel lacks.
        throw KernelFailure(error)
      }
    }
    return observed
  }

  /// All interfaces of a network namespace; none where there is no such namespace.
  func interfaces(
    of namespace: NetworkNamespaceName
  ) throws(KernelFailure) -> [ObservedInterface] {
    do throws(KernelError) {
      return try within(namespace) { () throws(KernelError) in
        try NetworkInterface.all().map { interface throws(KernelError) in
          ObservedInterface(
            name: InterfaceName(namespace: namespace, name: interface.name),
            index: interface.index, kind: interface.kind,
            driver: try NetworkInterface.driver(of: interface.name), group: interface.group,
            isUp: interface.isUp)
        }
      }
    } catch {
      guard error.missingTarget == nil else { return [] }
      throw KernelFailure(error)
    }
  }

  /// The index of an interface; nil if it, or its namespace, is not there.
  public func index(of interface: InterfaceName) throws(KernelFailure) -> UInt32? {
    do throws(KernelError) {
      return try within(interface.namespace) { () throws(KernelError) in
        try NetworkInterface.index(of: interface.name)
      }
    } catch {
      guard error.missingTarget == nil else { return nil }
      throw KernelFailure(error)
    }
  }

  private func fill(
    _ observed: inout ObservedHook, _ hook: Planning.Hook, _ links: [ObservedLink]
  ) throws(KernelError) {
    switch hook {
    case .xdp(let name, _):
      let interface = try within(name.namespace) { () throws(KernelError) in
        try NetworkInterface.existing(name.name)
      }
      observed.targetID = UInt64(interface.index)
      let target = LinkTarget.interface(index: interface.index, attachType: nil)
      for program in interface.xdp.programs {
        let link = links.first {
          $0.type == .xdp && $0.programID == program.programID && $0.target == target
        }
        observed.xdpMode = Planning.XDPMode(program.mode)
        observed.occupants.append(.init(programID: program.programID, linkID: link?.id))
      }
    case .tcx(let name, let attachType):
      try within(name.namespace) { () throws(KernelError) in
        let index = try NetworkInterface.existing(name.name).index
        observed.targetID = UInt64(index)
        let programs = try HookPrograms(on: .interface(index), type: attachType)
        observed.revision = programs.revision
        observed.occupants = programs.entries.map {
          .init(programID: $0.programID, linkID: $0.linkID == 0 ? nil : $0.linkID)
        }
        // The filters of the clsact see the same packets.
        observed.others = try TrafficFilter.all(
          interface: index, isEgress: attachType == .tcxEgress
        ).compactMap(\.programID).map { .init(programID: $0, linkID: nil) }
      }
    case .netkit(let name, let attachType):
      try within(name.namespace) { () throws(KernelError) in
        let interface = try NetworkInterface.existing(name.name)
        // Link info names the device whose packets the program sees.
        observed.targetID = UInt64(
          attachType == .netkitPeer ? interface.lower ?? 0 : interface.index)
        let programs = try HookPrograms(on: .interface(interface.index), type: attachType)
        observed.revision = programs.revision
        observed.occupants = programs.entries.map {
          .init(programID: $0.programID, linkID: $0.linkID == 0 ? nil : $0.linkID)
        }
      }
    case .cgroup(let path, let attachType):
      try fill(&observed, try Cgroup(path), attachType, links) { _ in true }
    case .cgroupSecurity(let path, let function):
      let cgroup = try Cgroup(path)
      // A kernel without types has none of these hooks.
      guard let types = try? types() else { break }
      guard let target = try? types.target(function, for: .lsmCgroup) else {
        throw KernelError(
          "cgroup", refused: "this kernel has no LSM hook \(function)", on: "cgroup \(path)")
      }
      // The query tells of all security hooks of the cgroup.
      try fill(&observed, cgroup, .lsmCgroup, links) { id in
        guard let object = try? open(.program, id: id), case .program(let program) = object.payload,
          let info = try? program.info()
        else { return false }
        return info.attachTypeID == target.id
      }
    case .networkNamespace(let name, let attachType):
      let namespace = try namespace(name)
      observed.targetID = namespace.inode
      let programs = try HookPrograms(on: .namespace(namespace), type: attachType)
      observed.occupants = join(programs, links) {
        $0
          == .networkNamespace(
            inode: UInt32(truncatingIfNeeded: namespace.inode), attachType: attachType)
      }
    case .netfilter(let place, let name):
      let inode = UInt32(truncatingIfNeeded: try namespace(name).inode)
      // There is no query; link info tells place and priority, but neither the network namespace nor
      // whether the link was detached. An iterator does, where this kernel lets it.
      var there = links.filter { link in
        if case .netfilter(let found) = link.target { found.isSamePlace(as: place) } else { false }
      }
      if there.isEmpty {
        observed.isListed = true
      } else if let survey = surveyLinks(there.map(\.id)) {
        observed.isListed = true
        there.removeAll { link in
          // One that came after the survey is believed to be there.
          survey.findings[link.id].map { $0.isDetached || $0.namespace != inode } ?? false
        }
      }
      observed.occupants = there.map { .init(programID: $0.programID, linkID: $0.id) }
    case .tracepoint(let category, let name):
      _ = try Tracefs.tracepointID(category: category, name: name)
    case .userProbe(let probe): observed.targetID = try place(of: probe).offset
    case .perfCounter(let counter): try counter.checkTarget()
    case .filter(let filter):
      try within(filter.at.namespace) { () throws(KernelError) in
        let place = TrafficFilter.Place(
          filter, on: try NetworkInterface.existing(filter.at.name).index)
        observed.targetID = UInt64(place.interface)
        let filters = try TrafficFilter.all(interface: place.interface, isEgress: place.isEgress)
        // A priority holds filters of one kind and protocol.
        let there = filters.first {
          $0.place == place
            || $0.place.priority == place.priority && ($0.kind != "bpf" || $0.etherType != 3)
        }
        if let there {
          // One that chooses among actions is more than its program.
          let program = there.isDirect ? there.programID ?? 0 : 0
          observed.occupants = [.init(programID: program, linkID: nil)]
        }
      }
    case .kernelProbes(let probes):
      // Refused as lacking where there is no ftrace either.
      guard Feature.kprobeMulti.isSupported != false else { break }
      observed.targetID = PlaceDigest.of(try places(of: probes, cookie: 0).map(\.place))
    case .userProbes(let probes):
      if let process = probes.process { try checkProcess(process) }
      observed.targetID = PlaceDigest.of(try places(of: probes, cookie: 0).places.map(\.place))
    case .staticProbe(let probe):
      if let process = probe.process { try checkProcess(process) }
      observed.targetID = PlaceDigest.of(try places(of: probe).places.map(\.offset))
    case .iterator(let iterator):
      switch iterator.scope {
      case .cgroup(let path, _): observed.targetID = try Cgroup(path).id
      case .process(let id): try checkProcess(id)
      case .all, .map: break
      }
    case .rawTracepoint, .kernelProbe, .tracing, .extension, .structOps, .socketMap: break
    }
  }

  /// The programs on a cgroup's hook, as far as they are meant, and those of its ancestors, whom its
  /// events pass too.
  private func fill(
    _ observed: inout ObservedHook, _ cgroup: Cgroup, _ attachType: AttachType,
    _ links: [ObservedLink], where isMeant: (UInt32) -> Bool
  ) throws(KernelError) {
    observed.targetID = cgroup.id
    var programs = try HookPrograms(on: .cgroup(cgroup), type: attachType)
    programs.entries.removeAll { !isMeant($0.programID) }
    observed.attachFlags = programs.flags
    observed.revision = programs.revision == 0 ? nil : programs.revision
    let effective = try HookPrograms(on: .cgroup(cgroup), type: attachType, effective: true)
    let own = Set(programs.entries.map(\.programID))
    observed.others = effective.entries
      .filter { !own.contains($0.programID) && isMeant($0.programID) }
      .map { .init(programID: $0.programID, linkID: nil) }
    observed.occupants = join(programs, links) {
      $0 == .cgroup(id: cgroup.id, attachType: attachType)
    }
  }

  /// A hook that is on a map or a program.
  func observe(
    _ hook: Planning.Hook, on id: UInt32, _ links: [ObservedLink]
  ) throws(KernelFailure) -> ObservedHook {
    var observed = ObservedHook(hook: hook.place, targetID: UInt64(id))
    if case .extension(let place) = hook { try fill(&observed, place, of: id, links) }
    guard case .socketMap(_, let attachType) = hook else { return observed }
    do throws(KernelError) {
      let programs = try HookPrograms(on: .map(try openMap(id)), type: attachType)
      observed.occupants = join(programs, links) {
        $0 == .socketMap(id: id, attachType: attachType)
      }
    } catch {
      switch error.errno {
      // Gone between two looks; or a kernel (before 5.17) that cannot be asked.
      case .noEntry?, .invalid?: break
      default: throw KernelFailure(error)
      }
    }
    return observed
  }

  /// Who has replaced a function of a program, or traces it, which keeps others from replacing it.
  private func fill(
    _ observed: inout ObservedHook, _ place: ExtensionHook, of id: UInt32, _ links: [ObservedLink]
  ) throws(KernelFailure) {
    guard case .program(let program)? = try? open(.program, id: id).payload else { return }
    let typeID = try KernelTypes.function(place.function, of: program)
    observed.occupants = links.filter { link in
      if case .tracing(_, id, typeID) = link.target { link.type == .tracing } else { false }
    }.map { .init(programID: $0.programID, linkID: $0.id) }
    // Before 5.13 links do not tell what they are on.
    observed.isListed = !links.contains { link in
      if case .tracing(_, 0, _) = link.target { true } else { false }
    }
  }

  /// A query without link ids, completed by the links that stand there. A program may stand on a
  /// cgroup hook by several links.
  private func join(
    _ programs: HookPrograms, _ links: [ObservedLink], _ isThere: (LinkTarget) -> Bool
  ) -> [ObservedHook.Occupant] {
    var there = links.filter { isThere($0.target) }
    return programs.entries.map { entry in
      let index = there.firstIndex { $0.programID == entry.programID }
      return .init(programID: entry.programID, linkID: index.map { there.remove(at: $0).id })
    }
  }
}

extension NetworkInterface {
  /// The interface of that name in the calling thread's network namespace; ENODEV if there is none.
  static func existing(_ name: String) throws(KernelError) -> NetworkInterface {
    guard let interface = try named(name) else {
      throw KernelError("RTM_GETLINK", .noDevice, on: "interface \(name)")
    }
    return interface
  }
}

extension KernelError {
  /// Looking for a target, which refuses what is not there.
  private var targetCalls: Set<String> {
    ["tracefs", "netns", "cgroup", "uprobe", "kprobe", "perf"]
  }

  /// The kernel does not know the hook that it was asked about.
  fileprivate var isUnknownHook: Bool {
    if case .errno(.invalid) = problem { call == "BPF_PROG_QUERY" } else { false }
  }

  /// Why the hook does not exist, if that is what the error says.
  fileprivate var missingTarget: String? {
    switch problem {
    case .errno(.noEntry), .errno(.noDevice): "\(context) does not exist"
    case .refused(let reason) where targetCalls.contains(call):
      "\(context): \(reason)"
    default: nil
    }
  }
}

extension Planning.XDPMode {
  init(_ mode: BPFKernel.XDPMode) {
    self =
      switch mode {
      case .auto: .auto
      case .native: .native
      case .generic: .generic
      case .offload: .offload
      }
  }
}
