internal import BPFObject
internal import CBPF

/// A BPF link in the kernel: a program on a hook, for as long as a descriptor or pin holds it.
public final class Link: Sendable {
  public let descriptor: FileDescriptor

  public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// Opens the link with that id. The bpf(2) command is `BPF_LINK_GET_FD_BY_ID`; it needs
  /// CAP_SYS_ADMIN. Throws ENOENT when there is no such link.
  public convenience init(id: UInt32) throws(KernelError) {
    var attributes = cbpf_object_id(id: id, next_id: 0, open_flags: 0, token_fd: 0)
    self.init(try bpfDescriptor(.linkByID, &attributes, on: "link \(id)"))
  }

  /// Puts a program on a hook. The bpf(2) command is `BPF_LINK_CREATE`.
  public static func create(_ program: Program, on hook: Hook) throws(KernelError) -> Link {
    let number = UInt32(bitPattern: program.descriptor.rawValue)
    return try withExtendedLifetime((program, hook)) { () throws(KernelError) in
      Link(try hook.createLink(program: number))
    }
  }

  /// Registers a struct_ops map that was made with BPF_F_LINK (6.4). The bpf(2) command is
  /// `BPF_LINK_CREATE`.
  public static func create(structOps map: Map) throws(KernelError) -> Link {
    var attributes = cbpf_link_create()
    attributes.prog_fd = UInt32(bitPattern: map.descriptor.rawValue)
    attributes.attach_type = AttachType.structOps.rawValue
    return Link(try bpfDescriptor(.linkCreate, &attributes, on: map.context))
  }

  /// Puts a program on a raw tracepoint or, with no name, on what a tracing or LSM program was
  /// loaded for. The bpf(2) command is `BPF_RAW_TRACEPOINT_OPEN`; cookies need 6.10.
  public static func openRawTracepoint(
    _ name: String?, program: Program, cookie: UInt64 = 0
  ) throws(KernelError) -> Link {
    var attributes = cbpf_raw_tracepoint_open()
    attributes.prog_fd = UInt32(bitPattern: program.descriptor.rawValue)
    attributes.cookie = cookie
    guard let name else {
      return Link(try bpfDescriptor(.rawTracepointOpen, &attributes, on: "the program's target"))
    }
    return try withAddress(ofText: name) { address throws(KernelError) in
      attributes.name = address
      return Link(
        try bpfDescriptor(.rawTracepointOpen, &attributes, on: "raw tracepoint \(name)"))
    }
  }

  /// Swaps the program, atomically: the hook runs the old or the new one for each event. With
  /// `expected`, only if that program is on the link; else EPERM. The bpf(2) command is
  /// `BPF_LINK_UPDATE`.
  public func update(to program: Program, expected old: Program? = nil) throws(KernelError) {
    var attributes = cbpf_link_update()
    attributes.link_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.new_prog_fd = UInt32(bitPattern: program.descriptor.rawValue)
    if let old {
      attributes.flags = AttachFlag.replace
      attributes.old_prog_fd = UInt32(bitPattern: old.descriptor.rawValue)
    }
    try bpf(.linkUpdate, &attributes, on: context)
  }

  /// Swaps the map of a struct_ops link, atomically where the structure can be updated at all; else
  /// EOPNOTSUPP. The bpf(2) command is `BPF_LINK_UPDATE` (6.4).
  public func update(to map: Map, expected old: Map? = nil) throws(KernelError) {
    var attributes = cbpf_link_update()
    attributes.link_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.new_prog_fd = UInt32(bitPattern: map.descriptor.rawValue)
    if let old {
      attributes.flags = AttachFlag.replace
      attributes.old_prog_fd = UInt32(bitPattern: old.descriptor.rawValue)
    }
    try bpf(.linkUpdate, &attributes, on: context)
  }

  /// Takes the program off the hook at once; the link remains, dead, until it is let go. The
  /// bpf(2) command is `BPF_LINK_DETACH` (5.9); EOPNOTSUPP for tracing, perf event, raw
  /// tracepoint and iterator links.
  public func detach() throws(KernelError) {
    var attributes = cbpf_link_detach()
    attributes.link_fd = UInt32(bitPattern: descriptor.rawValue)
    try bpf(.linkDetach, &attributes, on: context)
  }

  /// Runs the iterator of a link once, and returns all that its program wrote.
  public func iterate() throws(KernelError) -> [UInt8] {
    try readToEnd(of: makeIterator(), on: context)
  }

  /// Starts the iterator of a link: reading the descriptor runs the program. The bpf(2) command
  /// is `BPF_ITER_CREATE` (5.8).
  public func makeIterator() throws(KernelError) -> FileDescriptor {
    var attributes = cbpf_iter_create()
    attributes.link_fd = UInt32(bitPattern: descriptor.rawValue)
    return try bpfDescriptor(.iteratorCreate, &attributes, on: context)
  }

  /// What the kernel says of it. The bpf(2) command is `BPF_OBJ_GET_INFO_BY_FD`.
  public func info() throws(KernelError) -> LinkInfo { try LinkInfo(of: descriptor) }

  private var context: String {
    if let info = try? info() { return "link \(info.id) (\(info.type))" }
    return "link descriptor \(descriptor.rawValue)"
  }
}
