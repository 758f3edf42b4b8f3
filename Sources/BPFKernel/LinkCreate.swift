internal import BPFObject
internal import CBPF

extension Hook {
  /// Makes the LINK_CREATE call with the attributes that this kind of hook takes.
  func createLink(program: UInt32) throws(KernelError) -> FileDescriptor {
    switch self {
    case .xdp(let interface, let mode):
      try plain(program, interface, .xdp, flags: mode.rawValue)
    case .tcx(let interface, let type, let position),
      .netkit(let interface, let type, let position):
      try ordered(program, interface, type, position)
    case .cgroup(let cgroup, let type, let position):
      if position.isDefault {
        try plain(
          program, UInt32(bitPattern: cgroup.descriptor.rawValue), type,
          flags: position.encoded.flags)
      } else {
        try ordered(program, UInt32(bitPattern: cgroup.descriptor.rawValue), type, position)
      }
    case .namespace(let namespace, let type):
      try plain(program, UInt32(bitPattern: namespace.descriptor.rawValue), type)
    case .netfilter(let family, let hook, let priority, let defragment):
      try netfilter(program, family, hook, priority, defragment)
    case .tracing(let type, let cookie):
      try tracing(program, target: 0, type, typeID: 0, cookie: cookie)
    case .extend(let target, let typeID):
      try tracing(
        program, target: UInt32(bitPattern: target.descriptor.rawValue),
        AttachType(rawValue: 0), typeID: typeID, cookie: 0)
    case .iterator(let scope): try iterator(program, scope)
    case .perfEvent(let event, let cookie): try perfEvent(program, event, cookie)
    case .userProbes(let probes): try userProbes(program, probes)
    case .kernelProbes(let probes): try kernelProbes(program, probes)
    case .sockmap(let map, let type):
      try plain(program, UInt32(bitPattern: map.descriptor.rawValue), type)
    }
  }

  private func head(
    _ program: UInt32, _ target: UInt32, _ type: AttachType, flags: UInt32 = 0
  ) -> cbpf_link_create {
    cbpf_link_create(
      prog_fd: program, target: target, attach_type: type.rawValue, flags: flags)
  }

  private func plain(
    _ program: UInt32, _ target: UInt32, _ type: AttachType, flags: UInt32 = 0
  ) throws(KernelError) -> FileDescriptor {
    var attributes = head(program, target, type, flags: flags)
    return try bpfDescriptor(.linkCreate, &attributes, on: description)
  }

  private func ordered(
    _ program: UInt32, _ target: UInt32, _ type: AttachType, _ position: HookPosition
  ) throws(KernelError) -> FileDescriptor {
    let (flags, relative) = position.encoded
    var attributes = cbpf_link_create_ordered()
    attributes.link = head(program, target, type, flags: flags)
    attributes.relative = relative
    attributes.expected_revision = position.expectedRevision
    return try bpfDescriptor(.linkCreate, &attributes, on: description)
  }

  private func netfilter(
    _ program: UInt32, _ family: UInt32, _ hook: UInt32, _ priority: Int32, _ defragment: Bool
  ) throws(KernelError) -> FileDescriptor {
    var attributes = cbpf_link_create_netfilter()
    attributes.link = head(program, 0, .netfilter)
    attributes.pf = family
    attributes.hooknum = hook
    attributes.priority = priority
    // BPF_F_NETFILTER_IP_DEFRAG
    attributes.flags = defragment ? 1 : 0
    return try bpfDescriptor(.linkCreate, &attributes, on: description)
  }

  private func tracing(
    _ program: UInt32, target: UInt32, _ type: AttachType, typeID: UInt32, cookie: UInt64
  ) throws(KernelError) -> FileDescriptor {
    var attributes = cbpf_link_create_tracing()
    attributes.link = head(program, target, type)
    attributes.target_btf_id = typeID
    attributes.cookie = cookie
    return try bpfDescriptor(.linkCreate, &attributes, on: description)
  }

  private func perfEvent(
    _ program: UInt32, _ event: PerfEvent, _ cookie: UInt64
  ) throws(KernelError) -> FileDescriptor {
    var attributes = cbpf_link_create_perf_event()
    attributes.link = head(
      program, UInt32(bitPattern: event.descriptor.rawValue), .perfEvent)
    attributes.cookie = cookie
    return try bpfDescriptor(.linkCreate, &attributes, on: description)
  }

  private func iterator(
    _ program: UInt32, _ scope: IteratorScope
  ) throws(KernelError) -> FileDescriptor {
    switch scope {
    case .all: return try plain(program, 0, .traceIter)
    case .map(let map):
      var info = cbpf_iter_map()
      info.map_fd = UInt32(bitPattern: map.descriptor.rawValue)
      return try iterator(program, over: &info)
    case .cgroup(let cgroup, let order):
      var info = cbpf_iter_cgroup()
      info.order = order
      info.cgroup_fd = UInt32(bitPattern: cgroup.descriptor.rawValue)
      return try iterator(program, over: &info)
    case .thread(let id):
      var info = cbpf_iter_task()
      info.tid = id
      return try iterator(program, over: &info)
    case .process(let id):
      var info = cbpf_iter_task()
      info.pid = id
      return try iterator(program, over: &info)
    }
  }

  private func iterator<Info>(
    _ program: UInt32, over info: inout Info
  ) throws(KernelError) -> FileDescriptor {
    var attributes = cbpf_link_create_iter()
    attributes.link = head(program, 0, .traceIter)
    // The kernel knows 16 bytes of it; older ones accept the rest when it is zero.
    attributes.iter_info_len = UInt32(MemoryLayout<Info>.size)
    return try withAddress(of: &info) { address throws(KernelError) in
      attributes.iter_info = address
      return try bpfDescriptor(.linkCreate, &attributes, on: description)
    }
  }
}
