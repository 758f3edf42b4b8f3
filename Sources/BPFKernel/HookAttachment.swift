public import BPFObject
internal import CBPF

/// A hook as PROG_ATTACH, PROG_DETACH and PROG_QUERY name it.
public enum AttachTarget: Sendable {
  case cgroup(Cgroup)
  /// For tcx and netkit, in the calling thread's network namespace.
  case interface(UInt32)
  /// Only the calling thread's own, for flow_dissector (attach) and sk_lookup (query).
  case namespace(NetworkNamespace)
  /// A sockmap or sockhash.
  case map(Map)

  var number: UInt32 {
    switch self {
    case .cgroup(let cgroup): UInt32(bitPattern: cgroup.descriptor.rawValue)
    case .interface(let index): index
    case .namespace(let namespace): UInt32(bitPattern: namespace.descriptor.rawValue)
    case .map(let map): UInt32(bitPattern: map.descriptor.rawValue)
    }
  }

  /// How errors call the hook.
  var context: String {
    switch self {
    case .cgroup(let cgroup): "cgroup \(cgroup.path)"
    case .interface(let index): "interface \(index)"
    case .namespace(let namespace): "\(namespace)"
    case .map(let map): map.context
    }
  }
}

extension Program {
  /// Puts the program on a hook without a link; it stays there when this process ends. The
  /// bpf(2) command is `BPF_PROG_ATTACH`. `flags` are `AttachFlag`s; with `replacing` (and
  /// BPF_F_ALLOW_MULTI on cgroups) the new program takes the old one's place.
  public func attach(
    to target: AttachTarget, type: AttachType, flags: UInt32 = 0, replacing old: Program? = nil,
    position: HookPosition = HookPosition()
  ) throws(KernelError) {
    let (side, relative) = position.encoded
    var attributes = cbpf_prog_attach()
    // flow_dissector takes the calling thread's namespace and no descriptor.
    if case .namespace = target { attributes.target = 0 } else { attributes.target = target.number }
    attributes.attach_bpf_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.attach_type = type.rawValue
    attributes.attach_flags = flags | side
    attributes.relative = relative
    attributes.expected_revision = position.expectedRevision
    if let old {
      attributes.attach_flags |= AttachFlag.replace
      attributes.replace_bpf_fd = UInt32(bitPattern: old.descriptor.rawValue)
    }
    try withExtendedLifetime(target) { () throws(KernelError) in
      _ = try bpf(.programAttach, &attributes, on: "\(type) on \(target.context)")
    }
  }

  /// Takes the program off a hook. The bpf(2) command is `BPF_PROG_DETACH`; ENOENT if it is not
  /// there.
  public func detach(from target: AttachTarget, type: AttachType) throws(KernelError) {
    var attributes = cbpf_prog_attach()
    if case .namespace = target { attributes.target = 0 } else { attributes.target = target.number }
    attributes.attach_bpf_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.attach_type = type.rawValue
    try withExtendedLifetime(target) { () throws(KernelError) in
      _ = try bpf(.programDetach, &attributes, on: "\(type) on \(target.context)")
    }
  }
}

/// What stands on a hook: the answer to PROG_QUERY.
public struct HookPrograms: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    public var programID: UInt32
    /// The link that put it there; 0 = none, or (cgroup, netns, sockmap) not told.
    public var linkID: UInt32
    public var flags: UInt32
  }
  /// In the order in which they run.
  public var entries: [Entry]
  /// Of the hook (cgroup: BPF_F_ALLOW_MULTI or _OVERRIDE).
  public var flags: UInt32
  /// Grows with each change (tcx, netkit 6.6; cgroup 6.17); 0 = not told.
  public var revision: UInt64

  /// Asks the kernel. The bpf(2) command is `BPF_PROG_QUERY`. `effective` (cgroups) includes
  /// what the ancestors put there.
  public init(
    on target: AttachTarget, type: AttachType, effective: Bool = false
  ) throws(KernelError) {
    var capacity = 16
    // Only cgroups and interfaces take a buffer for flags, and only the latter one for links.
    var flagged: Bool
    let ordered: Bool
    switch target {
    case .cgroup: (flagged, ordered) = (!effective, false)
    case .interface: (flagged, ordered) = (true, true)
    case .namespace, .map: (flagged, ordered) = (false, false)
    }
    while true {
      var programs = [UInt32](repeating: 0, count: capacity)
      var programFlags = programs
      var links = programs
      var attributes = cbpf_prog_query()
      attributes.target = target.number
      attributes.attach_type = type.rawValue
      attributes.query_flags = effective ? 1 : 0
      attributes.count = UInt32(truncatingIfNeeded: capacity)
      let result = withExtendedLifetime(target) {
        programs.withMutableAddress { address in
          programFlags.withMutableAddress { flagAddress in
            links.withMutableAddress { linkAddress in
              attributes.prog_ids = address
              attributes.prog_attach_flags = flagged ? flagAddress : 0
              attributes.link_ids = ordered ? linkAddress : 0
              return bpf(.programQuery, &attributes)
            }
          }
        }
      }
      let count = Int(attributes.count)
      if result == -Int(Errno.noSpace.rawValue), count > capacity {
        capacity = count
        continue
      }
      // Before 6.0 a cgroup takes no buffer for flags.
      if result == -Int(Errno.invalid.rawValue), flagged, !ordered {
        flagged = false
        continue
      }
      guard result >= 0 else {
        throw KernelError(.programQuery, result, on: "\(type) on \(target.context)")
      }
      entries = (0..<min(count, capacity)).map {
        Entry(programID: programs[$0], linkID: links[$0], flags: programFlags[$0])
      }
      flags = attributes.attach_flags
      revision = attributes.revision
      return
    }
  }
}
