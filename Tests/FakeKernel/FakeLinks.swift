import BPFObject
import Planning
import Reconciling

extension FakeKernel {
  public func createLink(_ object: FakeObject, to attachment: DesiredAttachment)
    throws(KernelFailure) -> FakeObject
  {
    try createLink(object, to: attachment) { $0.count }
  }

  public func createLink(
    _ object: FakeObject, to attachment: DesiredAttachment, at position: LinkPosition
  ) throws(KernelFailure) -> FakeObject {
    func index(_ there: [Key], _ isIt: (Key) -> Bool) throws(KernelFailure) -> Int {
      if let index = there.firstIndex(where: isIt) { return index }
      throw failure("BPF_LINK_CREATE", "\(attachment.address)", Errno.noent, "no such neighbour")
    }
    return try createLink(object, to: attachment) { (there) throws(KernelFailure) in
      switch position {
      case .behind(let id): try index(there) { $0.id == id } + 1
      case .before(let id): try index(there) { $0.id == id }
      case .behindProgram(let id): try index(there) { self.link($0)?.program.id == id } + 1
      case .beforeProgram(let id): try index(there) { self.link($0)?.program.id == id }
      case .first: 0
      case .last: there.count
      }
    }
  }

  /// Hooks on objects are known here by the object's id.
  public func createLink(
    _ object: FakeObject, to attachment: DesiredAttachment, on target: FakeObject
  ) throws(KernelFailure) -> FakeObject {
    var attachment = attachment
    attachment.hook = attachment.hook.on(target.id)
    return try createLink(object, to: attachment) { $0.count }
  }

  private func createLink(
    _ object: FakeObject, to attachment: DesiredAttachment,
    at index: ([Key]) throws(KernelFailure) -> Int
  ) throws(KernelFailure) -> FakeObject {
    try enter("createLink", "\(attachment.address)")
    let hook = attachment.hook
    func refuse(_ errno: Int32, _ message: String) -> KernelFailure {
      failure("BPF_LINK_CREATE", "\(attachment.address)", errno, message)
    }
    guard let program = program(object.key) else { throw refuse(Errno.inval, "not a program") }
    if let missing = missing(hook) { throw refuse(missing.errno, missing.message) }
    if let type = hook.programType, type != program.image.type {
      throw refuse(Errno.inval, "\(program.image.type) programs do not go there")
    }
    let place = hook.spot
    let there = occupants[place] ?? []
    switch hook {
    case .xdp(let interface, let mode):
      if mode == .native, interfaces[interface]?.supportsNativeXDP == false {
        throw refuse(Errno.opnotsupp, "no native XDP")
      }
      if !there.isEmpty { throw refuse(Errno.busy, "there is an XDP program") }
    case .tcx, .netkit:
      if there.contains(where: { link($0)?.program == object.key }) {
        throw refuse(Errno.exist, "the program is there already")
      }
    case .netfilter: if !there.isEmpty { throw refuse(Errno.busy, "the priority is taken") }
    case .socketMap, .extension:
      if !there.isEmpty { throw refuse(Errno.busy, "there is a link") }
    case .networkNamespace(_, .flowDissector):
      if !there.isEmpty { throw refuse(Errno.tooBig, "there is a flow dissector") }
    default: break
    }
    let index = try index(there)
    let key = insert(
      .link,
      .link(
        LinkRecord(
          type: hook.linkType, program: object.key, hook: hook, cookie: attachment.cookie)))
    acquire(object.key)
    occupants[place, default: []].insert(key, at: index)
    revisions[place, default: 1] += 1
    return handle(key)
  }

  public func updateLink(
    _ object: FakeObject, to program: FakeObject, expected: FakeObject
  ) throws(KernelFailure) {
    try enter("updateLink", "link \(object.id)")
    func refuse(_ errno: Int32, _ message: String) -> KernelFailure {
      failure("BPF_LINK_UPDATE", "link \(object.id)", errno, message)
    }
    guard let link = link(object.key), let new = self.program(program.key),
      let old = self.program(link.program)
    else { throw refuse(Errno.inval, "not a link or not a program") }
    switch link.hook {
    case .netfilter: throw refuse(Errno.opnotsupp, "netfilter links cannot be updated")
    case .tracepoint, .rawTracepoint, .tracing, .extension, .kernelProbe, .userProbe, .perfCounter,
      .kernelProbes, .userProbes, .staticProbe:
      throw refuse(Errno.inval, "\(link.type) links cannot be updated")
    default: break
    }
    if !link.isAttached { throw refuse(Errno.nolink, "the link is detached") }
    if link.program != expected.key { throw refuse(Errno.perm, "another program runs there") }
    if new.image.type != old.image.type { throw refuse(Errno.inval, "another program type") }
    if link.hook.refusesSameProgramTwice, link.program != program.key,
      occupants[link.hook.spot]?.contains(where: { self.link($0)?.program == program.key })
        == true
    {
      throw refuse(Errno.exist, "the program is there already")
    }
    acquire(program.key)
    changeLink(object.key) { $0.program = program.key }
    release(link.program)
    revisions[link.hook.spot, default: 1] += 1
  }

  public func detach(_ object: FakeObject) throws(KernelFailure) -> Bool {
    try enter("detach", "link \(object.id)")
    guard let link = link(object.key) else { return true }
    switch link.hook {
    case .tracepoint, .rawTracepoint, .tracing, .extension, .kernelProbe, .userProbe, .perfCounter,
      .kernelProbes, .userProbes, .staticProbe:
      return false
    default: break
    }
    if link.isAttached {
      changeLink(object.key) { $0.isAttached = false }
      leave(object.key, link.hook)
    }
    return true
  }

  func leave(_ key: Key, _ hook: Hook) {
    occupants[hook.spot]?.removeAll { $0 == key }
    if occupants[hook.spot]?.isEmpty == true { occupants[hook.spot] = nil }
    revisions[hook.spot, default: 1] += 1
  }

  /// Why there is no such hook.
  func missing(_ hook: Hook) -> (errno: Int32, message: String)? {
    switch hook {
    case .xdp(let interface, _), .tcx(let interface, _), .netkit(let interface, _):
      interfaces[interface] == nil ? (Errno.nodev, "no interface \(interface.name)") : nil
    case .cgroup(let path, _), .cgroupSecurity(let path, _):
      cgroups[path] == nil ? (Errno.noent, "no cgroup \(path)") : nil
    case .filter(let filter):
      interfaces[filter.at] == nil ? (Errno.nodev, "no interface \(filter.at.name)") : nil
    case .socketMap(let id, _):
      UInt32(id).flatMap { map(Key(kind: .map, id: $0)) } == nil
        ? (Errno.noent, "no map \(id)") : nil
    case .extension(let hook):
      hook.fakeTarget.flatMap { program(Key(kind: .program, id: $0)) } == nil
        ? (Errno.noent, "no program \(hook.target.text)") : nil
    default: nil
    }
  }
}

extension ExtensionHook {
  /// The id of the program, where the hook is known by it.
  var fakeTarget: UInt32? { if case .program(let id) = target { UInt32(id) } else { nil } }
}

extension Hook {
  func on(_ id: UInt32) -> Hook {
    switch self {
    case .socketMap(_, let type): .socketMap(map: "\(id)", attachType: type)
    case .iterator(let iterator) where mapRef != nil:
      .iterator(IteratorHook(target: iterator.target, scope: .map("\(id)")))
    case .extension(let hook):
      .extension(ExtensionHook(target: .program("\(id)"), function: hook.function))
    default: self
    }
  }

  /// What two attachments at the same place have in common.
  var spot: Hook {
    switch self {
    case .xdp(let interface, _): return .xdp(interface: interface, mode: .auto)
    case .netfilter(var hook, let namespace):
      hook.defragment = false
      return .netfilter(hook, namespace: namespace)
    case .socketMap(let map, .skSkbVerdict):
      return .socketMap(map: map, attachType: .skSkbStreamVerdict)
    default: return self
    }
  }

  fileprivate var refusesSameProgramTwice: Bool {
    switch self {
    case .tcx, .netkit: true
    default: false
    }
  }

  var linkType: LinkType {
    switch self {
    case .xdp: .xdp
    case .tcx: .tcx
    case .netkit: .netkit
    case .cgroup, .cgroupSecurity: .cgroup
    case .networkNamespace: .netns
    case .netfilter: .netfilter
    case .tracepoint, .kernelProbe, .userProbe, .perfCounter: .perfEvent
    case .kernelProbes: .kprobeMulti
    case .userProbes, .staticProbe: .uprobeMulti
    case .iterator: .iter
    case .rawTracepoint: .rawTracepoint
    case .tracing, .extension: .tracing
    case .structOps: .structOps
    case .socketMap: .sockmap
    case .filter: .unspecified
    }
  }

  /// The only type that goes there; nil where it depends on the attach type.
  var programType: ProgramType? {
    switch self {
    case .xdp: .xdp
    case .tcx, .netkit: .schedCls
    case .netfilter: .netfilter
    case .tracepoint: .tracepoint
    case .filter: .schedCls
    case .socketMap(_, .skMsgVerdict): .skMsg
    case .socketMap: .skSkb
    case .kernelProbe, .userProbe, .kernelProbes, .userProbes, .staticProbe: .kprobe
    case .perfCounter: .perfEvent
    case .rawTracepoint: .rawTracepoint
    case .networkNamespace(_, .skLookup): .skLookup
    case .networkNamespace(_, .flowDissector): .flowDissector
    case .cgroup(_, .cgroupInetIngress), .cgroup(_, .cgroupInetEgress): .cgroupSkb
    case .cgroupSecurity: .lsm
    case .extension: .ext
    case .cgroup, .networkNamespace, .tracing, .iterator, .structOps: nil
    }
  }
}
