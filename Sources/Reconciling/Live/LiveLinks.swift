internal import BPFKernel
internal import BPFObject
public import Planning

extension LiveKernel {
  public func createLink(
    _ program: LiveObject, to attachment: DesiredAttachment
  ) throws(KernelFailure) -> LiveObject {
    try createLink(
      program, to: attachment, HookPosition(isPreorder: attachment.preorder))
  }

  public func createLink(
    _ program: LiveObject, to attachment: DesiredAttachment, at position: LinkPosition
  ) throws(KernelFailure) -> LiveObject {
    let place: HookPosition.Place =
      switch position {
      case .behind(let link): .after(.linkID(link))
      case .behindProgram(let program): .after(.programID(program))
      case .before(let link): .before(.linkID(link))
      case .beforeProgram(let program): .before(.programID(program))
      case .first: .first
      case .last: .last
      }
    return try createLink(
      program, to: attachment, HookPosition(place, isPreorder: attachment.preorder))
  }

  private func createLink(
    _ program: LiveObject, to attachment: DesiredAttachment, _ position: HookPosition
  ) throws(KernelFailure) -> LiveObject {
    if case .map(let map) = program.payload {
      return try wrap(about: attachment.address.description) { () throws(KernelError) in
        try LiveObject(try Link.create(structOps: map))
      }
    }
    let program = try self.program(program, "BPF_LINK_CREATE")
    let subject = attachment.address.description
    let cookie = attachment.cookie ?? 0
    return try wrap(about: subject) { () throws(KernelError) in
      switch attachment.hook {
      case .xdp(let interface, let mode):
        return try within(interface.namespace) { () throws(KernelError) in
          let index = try NetworkInterface.existing(interface.name).index
          return try link(program, .xdp(interface: index, mode: mode.kernelMode))
        }
      case .tcx(let interface, let attachType):
        return try within(interface.namespace) { () throws(KernelError) in
          let index = try NetworkInterface.existing(interface.name).index
          return try link(
            program, .tcx(interface: index, type: attachType, position: position))
        }
      case .netkit(let interface, let attachType):
        return try within(interface.namespace) { () throws(KernelError) in
          let index = try NetworkInterface.existing(interface.name).index
          return try link(
            program, .netkit(interface: index, type: attachType, position: position))
        }
      case .cgroup(let path, let attachType):
        return try link(
          program, .cgroup(try Cgroup(path), type: attachType, position: position))
      case .cgroupSecurity(let path, _):
        return try link(
          program, .cgroup(try Cgroup(path), type: .lsmCgroup, position: position))
      case .networkNamespace(let name, let attachType):
        return try link(program, .namespace(try namespace(name), type: attachType))
      case .netfilter(let place, let name):
        return try within(name) { () throws(KernelError) in
          try link(
            program,
            .netfilter(
              family: place.protocolFamily, hook: place.hook, priority: place.priority,
              defragment: place.defragment))
        }
      case .tracepoint(let category, let name):
        let event = try PerfEvent.tracepoint(category: category, name: name)
        return try link(program, .perfEvent(event, cookie: cookie))
      case .rawTracepoint(let name):
        return try LiveObject(
          try Link.openRawTracepoint(name, program: program, cookie: cookie))
      case .structOps:
        throw KernelError(
          "BPF_LINK_CREATE", refused: "a struct_ops link takes a map, and this is a program",
          on: subject)
      case .filter:
        throw KernelError("BPF_LINK_CREATE", refused: "a filter of tc has no link", on: subject)
      case .socketMap, .extension:
        throw KernelError.withoutTarget(subject)
      case .kernelProbe(let probe):
        return try link(program, .perfEvent(try event(probe), cookie: cookie))
      case .userProbe(let probe):
        return try link(program, .perfEvent(try event(probe), cookie: cookie))
      case .perfCounter(let counter):
        return try link(program, .perfEvent(try counter.event(), cookie: cookie))
      case .kernelProbes(let probes): return try link(program, try hook(probes, cookie: cookie))
      case .userProbes(let probes): return try link(program, try hook(probes, cookie: cookie))
      case .staticProbe(let probe):
        return try link(program, try hook(probe, of: program, cookie: cookie))
      case .iterator(let iterator):
        switch iterator.scope {
        case .all: return try link(program, .iterator(.all))
        case .cgroup(let path, let order):
          return try link(
            program, .iterator(.cgroup(try Cgroup(path), order: order.number)))
        case .process(let id): return try link(program, .iterator(.process(id)))
        case .map: throw KernelError.withoutTarget(subject)
        }
      case .tracing(let attachType, _):
        // The older command does the same on every kernel, but takes no cookie here.
        guard cookie != 0 else {
          return try LiveObject(try Link.openRawTracepoint(nil, program: program))
        }
        return try link(program, .tracing(type: attachType, cookie: cookie))
      }
    }
  }

  public func createLink(
    _ program: LiveObject, to attachment: DesiredAttachment, on target: LiveObject
  ) throws(KernelFailure) -> LiveObject {
    let hook: BPFKernel.Hook
    switch attachment.hook {
    case .socketMap(_, let attachType):
      hook = .sockmap(try map(target, "BPF_LINK_CREATE"), type: attachType)
    case .iterator: hook = .iterator(.map(try map(target, "BPF_LINK_CREATE")))
    case .extension(let place):
      // With its target said, a program can be attached again, which it cannot by the one of its load.
      let extended = try self.program(target, "BPF_LINK_CREATE")
      hook = .extend(
        extended, typeID: try KernelTypes.function(place.function, of: extended))
    default: return try createLink(program, to: attachment)
    }
    let program = try self.program(program, "BPF_LINK_CREATE")
    return try wrap(about: attachment.address.description) { () throws(KernelError) in
      try link(program, hook)
    }
  }

  private func link(
    _ program: Program, _ hook: BPFKernel.Hook
  ) throws(KernelError) -> LiveObject {
    try LiveObject(try Link.create(program, on: hook))
  }

  public func updateLink(
    _ link: LiveObject, to program: LiveObject, expected: LiveObject
  ) throws(KernelFailure) {
    let link = try self.link(link, "BPF_LINK_UPDATE")
    if case .map(let new) = program.payload {
      let old = try self.map(expected, "BPF_LINK_UPDATE")
      return try wrap { () throws(KernelError) in try link.update(to: new, expected: old) }
    }
    let new = try self.program(program, "BPF_LINK_UPDATE")
    let old = try self.program(expected, "BPF_LINK_UPDATE")
    try wrap { () throws(KernelError) in try link.update(to: new, expected: old) }
  }

  public func detach(_ link: LiveObject) throws(KernelFailure) -> Bool {
    let link = try self.link(link, "BPF_LINK_DETACH")
    do throws(KernelError) {
      try link.detach()
      return true
    } catch {
      switch error.errno {
      // The device or cgroup is gone, and with it the place where the program stood.
      case .noLink?: return true
      case .notSupported?, .notSupportedByKernel?: return false
      default: throw KernelFailure(error)
      }
    }
  }

  // MARK: Namespaces

  func namespace(_ name: NetworkNamespaceName) throws(KernelError) -> NetworkNamespace {
    switch name {
    case .own: try NetworkNamespace.current()
    case .name(let name), .path(let name): try NetworkNamespace(name)
    }
  }

  func within<Result: ~Copyable>(
    _ name: NetworkNamespaceName, _ body: () throws(KernelError) -> Result
  ) throws(KernelError) -> Result {
    if case .own = name { return try body() }
    return try namespace(name).run(body)
  }
}

extension KernelError {
  fileprivate static func withoutTarget(_ subject: String) -> KernelError {
    KernelError(
      "BPF_LINK_CREATE", refused: "this hook is on an object, which is not named", on: subject)
  }
}

extension Planning.XDPMode {
  var kernelMode: BPFKernel.XDPMode {
    switch self {
    case .auto: .auto
    case .native: .native
    case .generic: .generic
    case .offload: .offload
    }
  }
}
