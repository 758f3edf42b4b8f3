internal import BPFObject
internal import Planning

extension Resolver {
  mutating func resolveAttachments() {
    for attachment in manifest.attachments {
      if case .structOps(let map)? = attachment.hook?.value {
        resolveStructOps(attachment, map)
        continue
      }
      guard let program = programs[attachment.program.value] else { continue }
      for (instance, hook) in hooks(of: attachment, program) {
        let address = Address.attachment(attachment.name.value, instance: instance)
        var desired = DesiredAttachment(
          name: attachment.name.value, instance: instance, program: program.ref, hook: hook,
          pin: defaultPin(address))
        desired.allowGap = attachment.allowGap
        desired.adopt = attachment.adopt?.value
        desired.location = location(attachment.name.at)
        desired.exclusive = attachment.exclusive
        desired.order = attachment.order?.value
        desired.preorder = attachment.preorder?.value ?? false
        desired.cookie = attachment.cookie?.value
        if let selector = attachment.selector {
          selections.append(InterfaceSelection(selector: selector.value, template: desired))
          continue
        }
        if case .perfCounter(let counter) = hook, counter.isOnEveryCPU {
          everyCPU.append(desired)
          continue
        }
        checkTaken(desired)
        attachments.append(desired)
      }
      checkCookie(attachment, program)
    }
    checkOrders()
  }

  /// The hooks of an attachment by instance; nothing when something is wrong, which is reported.
  private mutating func hooks(
    of attachment: Manifest.Attachment, _ program: DesiredProgram
  ) -> [(instance: String?, hook: Hook)] {
    let image = program.image
    guard let block = attachment.hook else {
      return sectionHook(attachment, program).map { [(nil, $0)] } ?? []
    }
    switch block.value {
    case .xdp(let interfaces, let namespace, let mode):
      guard fits(program, [.xdp], block.at) else { return [] }
      return interfaces.places(in: namespace).map { ($0, .xdp(interface: $1, mode: mode)) }
    case .tcx(let interfaces, let namespace, let direction):
      guard
        let type = self.direction(
          direction, program, of: [.tcxIngress, .tcxEgress],
          "direction: ingress, or direction: egress", block.at)
      else { return [] }
      return interfaces.places(in: namespace).map { ($0, .tcx(interface: $1, attachType: type)) }
    case .netkit(let interfaces, let namespace, let direction):
      guard
        let type = self.direction(
          direction, program, of: [.netkitPrimary, .netkitPeer],
          "direction: primary, or direction: peer", block.at)
      else { return [] }
      return interfaces.places(in: namespace).map { ($0, .netkit(interface: $1, attachType: type)) }
    case .cgroup(let paths, let attachType):
      guard let type = cgroupType(attachType, program, at: block.at) else { return [] }
      return paths.map { path in
        let clean = "/" + path.value.split(separator: "/").joined(separator: "/")
        let hook: Hook =
          type == .lsmCgroup
          ? .cgroupSecurity(path: clean, function: program.attachTo ?? "")
          : .cgroup(path: clean, attachType: type)
        return (Manifest.Attachment.instance(cgroup: path.value), hook)
      }
    case .networkNamespace(let namespace, let type):
      let needed: ProgramType = type == .skLookup ? .skLookup : .flowDissector
      guard fits(program, [needed], block.at) else { return [] }
      return [(nil, .networkNamespace(namespace, attachType: type))]
    case .netfilter(let place, let namespace):
      guard fits(program, [.netfilter], block.at) else { return [] }
      return [(nil, .netfilter(place, namespace: namespace))]
    case .tracepoint(let category, let name):
      guard fits(program, [.tracepoint], block.at) else { return [] }
      return [(nil, .tracepoint(category: category, name: name))]
    case .structOps: return []
    case .filter(let filter): return filterHooks(attachment, filter, program, at: block.at)
    case .socketMap(let map, let type):
      return socketHook(map, type, program, at: block.at).map { [(nil, $0)] } ?? []
    case .rawTracepoint(let name):
      guard fits(program, [.rawTracepoint, .rawTracepointWritable], block.at) else { return [] }
      return [(nil, .rawTracepoint(name: name))]
    case .kernelProbe(var probe, let saysWhen):
      guard fitsProbe(program, block.at) else { return [] }
      if !saysWhen { probe.isReturn = image.isMadeForReturn }
      guard !probe.isReturn || probe.offset == 0 else {
        log.error(
          "conflicting-keys", "a return has no 'offset': a function returns from many places",
          at: block.at, hints: ["return: false for a probe at that offset"])
        return []
      }
      return [(nil, .kernelProbe(probe))]
    case .userProbe(var probe, let saysWhen):
      guard fitsProbe(program, block.at) else { return [] }
      if !saysWhen { probe.isReturn = image.isMadeForReturn }
      return [(nil, .userProbe(probe))]
    case .iterator(let iterator):
      return iteratorHook(Located(iterator, at: block.at), program, of: attachment)
        .map { [(nil, $0)] } ?? []
    case .tracing(.perfEvent(let event)): return hooks(of: event, program, at: block.at)
    case .tracing(.probes(let probes)): return hooks(of: probes, program, at: block.at)
    case .tracing(.staticProbe(let probe)): return hooks(of: probe, program, at: block.at)
    }
  }

  /// Whose packets a traffic control program sees; nil when it is wrong, which is reported.
  mutating func direction(
    _ declared: AttachType?, _ program: DesiredProgram, of types: [AttachType], _ hint: String,
    _ position: Position
  ) -> AttachType? {
    guard fits(program, [.schedCls], position) else { return nil }
    let image = program.image
    let fromSection = image.expectedAttachType.flatMap { types.contains($0) ? $0 : nil }
    guard let type = declared ?? fromSection else {
      log.error(
        "missing-key",
        "the section '\(image.section)' does not say which packets, and so 'direction' is needed",
        at: position, hints: [hint])
      return nil
    }
    if let fromSection, fromSection != type {
      log.error(
        "wrong-program",
        "'\(program.ref)' is made for \(fromSection) (section '\(image.section)'), not for \(type)",
        at: position)
      return nil
    }
    return type
  }

  mutating func fits(
    _ program: DesiredProgram, _ types: [ProgramType], _ position: Position
  ) -> Bool {
    guard !types.contains(program.image.type) else { return true }
    log.error(
      "wrong-program",
      "'\(program.ref)' is of type \(program.image.type) (section '\(program.image.section)'), "
        + "and this hook takes \(types[0])", at: position)
    return false
  }

  /// Of the programs of type kprobe some are made for many places at once.
  private mutating func fitsProbe(_ program: DesiredProgram, _ position: Position) -> Bool {
    guard fits(program, [.kprobe], position) else { return false }
    guard let made = program.image.expectedAttachType else { return true }
    log.error(
      "wrong-program",
      "'\(program.ref)' is made for \(made) (section '\(program.image.section)'), not for one place",
      at: position)
    return false
  }

  /// The hook that the program's section names.
  private mutating func sectionHook(
    _ attachment: Manifest.Attachment, _ program: DesiredProgram
  ) -> Hook? {
    let image = program.image
    let section = "the section '\(image.section)' of '\(program.ref)'"
    func missing(_ message: String, _ hint: String) -> Hook? {
      log.error(
        "missing-key", "\(section) \(message)", at: attachment.name.at, hints: [hint],
        related: [("the program is named here", attachment.program.at)])
      return nil
    }
    switch image.type {
    case .xdp:
      return missing("does not say which interface", "add a block: xdp: {interface: …}")
    case .schedCls:
      return missing("does not say which interface", "add a block: tcx: {interface: …}")
    case .skSkb: return missing("does not say which map", "add a block: sk_skb: {map: …}")
    case .skMsg: return missing("does not say which map", "add a block: sk_msg: {map: …}")
    case .netfilter:
      return missing("does not say which hook", "add a block: netfilter: {pf: …, hook: …}")
    case .skLookup: return .networkNamespace(.own, attachType: .skLookup)
    case .flowDissector: return .networkNamespace(.own, attachType: .flowDissector)
    case .tracepoint:
      let parts = (image.attachTarget ?? "").split(separator: "/", maxSplits: 1)
      guard parts.count == 2 else {
        return missing(
          "does not say which tracepoint", "add a block: tracepoint: {name: category:event}")
      }
      return .tracepoint(category: String(parts[0]), name: String(parts[1]))
    case .rawTracepoint, .rawTracepointWritable:
      guard let name = image.attachTarget else {
        return missing("does not say which tracepoint", "add a block: raw_tracepoint: {name: …}")
      }
      return .rawTracepoint(name: name)
    case .kprobe where image.expectedAttachType == nil:
      return image.sectionProbe
        ?? missing(
          "does not say which place", "add a block: kprobe: {function: …}, or uprobe: {path: …}")
    case .kprobe:
      return image.sectionProbeSet
        ?? missing(
          "does not say which places",
          "add a block: kprobe_multi: {functions: …}, uprobe_multi: {path: …} or usdt: {path: …}")
    case .perfEvent:
      return missing(
        "does not say what is counted",
        "add a block: perf_event: {type: software, config: cpu-clock, freq: 99}")
    case .lsm where image.expectedAttachType == .lsmCgroup:
      return missing("does not say which cgroup", "add a block: cgroup: {path: …}")
    case .ext:
      guard let function = program.attachTo, let target = program.extends else { return nil }
      return .extension(ExtensionHook(target: target, function: function))
    case .tracing where image.expectedAttachType == .traceIter:
      return iteratorHook(nil, program, of: attachment)
    case .tracing, .lsm:
      guard let target = program.attachTo, let type = image.expectedAttachType else { return nil }
      return .tracing(attachType: type, target: target)
    default:
      if CgroupHooks.programTypes.contains(image.type) {
        return missing("does not say which cgroup", "add a block: cgroup: {path: …}")
      }
      return notYet(attachment, image)
    }
  }

  private mutating func notYet(
    _ attachment: Manifest.Attachment, _ image: ProgramImage
  ) -> Hook? {
    log.error(
      "not-supported-yet",
      "programs of type \(image.type) (section '\(image.section)') cannot be attached yet",
      at: attachment.program.at)
    return nil
  }

  private mutating func cgroupType(
    _ declared: Located<AttachType>?, _ program: DesiredProgram, at position: Position
  ) -> AttachType? {
    let image = program.image
    guard fits(program, CgroupHooks.programTypes, position) else { return nil }
    guard let type = declared?.value ?? image.expectedAttachType else {
      log.error(
        "missing-key",
        "the section '\(image.section)' does not say which event, and so 'attach_type' is needed",
        at: position, hints: ["attach_type: \(CgroupHooks.types(of: image.type)[0])"])
      return nil
    }
    if let made = image.expectedAttachType, made != type {
      log.error(
        "wrong-program",
        "'\(program.ref)' is made for \(made) (section '\(image.section)'), not for \(type)",
        at: declared?.at ?? position,
        hints: ["programs: {\(program.ref): {attach_type: \(type)}} makes it for that"])
      return nil
    }
    guard CgroupHooks.types(of: image.type).contains(type) else {
      log.error(
        "wrong-program", "a program of type \(image.type) cannot be attached as \(type)",
        at: declared?.at ?? position,
        hints: [
          "it can be: "
            + CgroupHooks.types(of: image.type).map(\.description).joined(separator: ", ")
        ])
      return nil
    }
    return type
  }

  private mutating func checkCookie(
    _ attachment: Manifest.Attachment, _ program: DesiredProgram
  ) {
    let takers: [ProgramType] = [
      .tracepoint, .rawTracepoint, .rawTracepointWritable, .tracing, .kprobe, .perfEvent, .lsm,
    ]
    guard let cookie = attachment.cookie,
      !takers.contains(program.image.type) || program.image.expectedAttachType == .lsmCgroup
    else { return }
    log.error(
      "conflicting-keys", "the hooks of \(program.image.type) programs have no 'cookie'",
      at: cookie.at)
  }

  /// Hooks that hold a single program cannot be asked for twice.
  private mutating func checkTaken(_ new: DesiredAttachment) {
    let other = attachments.first { existing in
      switch (existing.hook, new.hook) {
      case (.xdp(let a, _), .xdp(let b, _)): a == b
      case (.networkNamespace(let a, .flowDissector), .networkNamespace(let b, .flowDissector)):
        a == b
      case (.socketMap, .socketMap), (.filter, .filter), (.extension, .extension):
        existing.hook.isSamePlace(as: new.hook)
      default: false
      }
    }
    guard let other else { return }
    log.add(
      Diagnostic(
        code: "hook-taken",
        message: "\(other.address) and \(new.address) want the same hook, which holds one program",
        location: new.location,
        related: other.location.map { [.init(message: "the other one", location: $0)] } ?? []))
  }
}

/// Which attach types of cgroups go with which program types.
enum CgroupHooks {
  static let programTypes: [ProgramType] = [
    .cgroupSkb, .cgroupSock, .sockOps, .cgroupDevice, .cgroupSockAddr, .cgroupSysctl,
    .cgroupSockopt, .lsm,
  ]

  static func types(of program: ProgramType) -> [AttachType] {
    switch program {
    case .cgroupSkb: [.cgroupInetIngress, .cgroupInetEgress]
    case .cgroupSock:
      [
        .cgroupInetSockCreate, .cgroupInetSockRelease, .cgroupInet4PostBind, .cgroupInet6PostBind,
      ]
    case .sockOps: [.cgroupSockOps]
    case .cgroupDevice: [.cgroupDevice]
    case .cgroupSysctl: [.cgroupSysctl]
    case .cgroupSockopt: [.cgroupGetsockopt, .cgroupSetsockopt]
    case .lsm: [.lsmCgroup]
    default:
      [
        .cgroupInet4Bind, .cgroupInet6Bind, .cgroupInet4Connect, .cgroupInet6Connect,
        .cgroupUnixConnect, .cgroupUdp4Sendmsg, .cgroupUdp6Sendmsg, .cgroupUnixSendmsg,
        .cgroupUdp4Recvmsg, .cgroupUdp6Recvmsg, .cgroupUnixRecvmsg, .cgroupInet4Getpeername,
        .cgroupInet6Getpeername, .cgroupUnixGetpeername, .cgroupInet4Getsockname,
        .cgroupInet6Getsockname, .cgroupUnixGetsockname,
      ]
    }
  }
}

extension Manifest.Interfaces {
  /// By instance. A selector stands for one without a name, whose instances are found later.
  func places(
    in namespace: NetworkNamespaceName
  ) -> [(instance: String?, interface: InterfaceName)] {
    switch self {
    case .named(let names):
      names.map {
        let interface = InterfaceName(namespace: namespace, name: $0.value)
        return (interface.instance, interface)
      }
    case .selected: [(nil, InterfaceName(namespace: namespace, name: "*"))]
    }
  }
}
