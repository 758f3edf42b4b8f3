internal import BPFObject
internal import CBPF
internal import Glibc
internal import Synchronization

/// Something that newer kernels can and older ones cannot.
public struct Feature: Hashable, Sendable, CustomStringConvertible {
  /// In words, e.g. `XDP links`.
  public let name: String
  /// The first release that has it. Distributions carry some further back, so it is for messages
  /// and never decides.
  public let since: KernelVersion
  private let test: @Sendable () throws(KernelError) -> Bool?

  /// `test` tries the feature out on the running kernel: whether it is there, or nil (or an error)
  /// when that did not become clear, e.g. for lack of privileges.
  public init(
    _ name: String, since: KernelVersion, test: @escaping @Sendable () throws(KernelError) -> Bool?
  ) {
    self.name = name
    self.since = since
    self.test = test
  }

  private static let known = Mutex<[String: Bool]>([:])

  /// Whether this kernel has it; nil if that did not become clear. Asked once in a process,
  /// unless it did not become clear.
  public var isSupported: Bool? {
    if let answer = Self.known.withLock({ $0[name] }) { return answer }
    guard let answer = (try? test()) ?? nil else { return nil }
    Self.known.withLock { $0[name] = answer }
    return answer
  }

  public var description: String { "\(name) (Linux \(since.major).\(since.minor))" }

  public static func == (left: Feature, right: Feature) -> Bool { left.name == right.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Feature {
  /// Those that follow from the version; netkit, probes and the like are options of the build.
  public static let all = [
    btf, globalData, mmapableArrays, batchOperations, bindMap, cgroupLinks, xdpLinks, perfLinks,
    cgroupSecurityHooks, netfilterLinks, structOpsLinks, tcxLinks, socketMapLinks, unixSocketHooks,
    cgroupPreorder, cgroupOrder, pathDescriptors,
  ]

  public static let btf = Feature("BTF", since: .init(4, 18)) { () throws(KernelError) in
    try works { () throws(KernelError) in
      // A header, and int of four bytes.
      let strings: [UInt8] = [0] + Array("int".utf8) + [0]
      let types = [1, 1 << 24, 4, 32].flatMap { rawBytes(of: UInt32($0)) }
      let header =
        rawBytes(of: UInt16(0xeb9f)) + [1, 0]
        + [24, 0, types.count, types.count, strings.count].flatMap { rawBytes(of: UInt32($0)) }
      _ = try LoadedBTF.load(header + types + strings, name: "probe")
    }
  }

  public static let globalData = Feature("global data", since: .init(5, 2)) {
    () throws(KernelError) in
    let map = try array(flags: 0)
    return try works { () throws(KernelError) in
      // r1 = the address of the value, through BPF_PSEUDO_MAP_VALUE
      let load = Instruction(
        opcode: 0x18, registers: PseudoSource.mapValue << 4 | 1,
        immediate: map.descriptor.rawValue)
      _ = try Program.load(
        ProgramParameters(
          type: .socketFilter, instructions: [load, Instruction(opcode: 0)] + success,
          license: "GPL"))
    }
  }

  public static let mmapableArrays = Feature("arrays that can be mapped", since: .init(5, 5)) {
    () throws(KernelError) in
    try works { () throws(KernelError) in _ = try array(flags: 1 << 10) }
  }

  public static let batchOperations = Feature("batched map operations", since: .init(5, 6)) {
    () throws(KernelError) in
    let map = try array(flags: 0)
    return try works { () throws(KernelError) in
      try map.updateBatch(keys: [0, 0, 0, 0], values: [0, 0, 0, 0])
    }
  }

  public static let bindMap = Feature("maps bound to programs", since: .init(5, 10)) {
    () throws(KernelError) in
    let map = try array(flags: 0)
    let program = try trivial(.socketFilter)
    return try works { () throws(KernelError) in try program.bind(map) }
  }

  public static let cgroupLinks = Feature("cgroup links", since: .init(5, 7)) {
    () throws(KernelError) in
    let program = try trivial(.cgroupSkb, .cgroupInetIngress)
    return try links(program, target: .max, .cgroupInetIngress)
  }

  public static let xdpLinks = Feature("XDP links", since: .init(5, 9)) {
    () throws(KernelError) in
    // A link to an interface that is not there is EINVAL, with and without the feature. The
    // command for detaching links came in the same release.
    var attributes = cbpf_link_detach()
    attributes.link_fd = .max
    switch Errno(rawValue: Int32(truncatingIfNeeded: -bpf(.linkDetach, &attributes))) {
    case .badDescriptor: return true
    case .invalid: return false
    default: return nil
    }
  }

  public static let perfLinks = Feature("perf event links", since: .init(5, 15)) {
    () throws(KernelError) in
    let program = try trivial(.tracepoint)
    return try links(program, target: .max, .perfEvent)
  }

  public static let netfilterLinks = Feature("netfilter links", since: .init(6, 4)) {
    () throws(KernelError) in
    try works { () throws(KernelError) in _ = try trivial(.netfilter, .netfilter) }
  }

  public static let tcxLinks = Feature("tcx links", since: .init(6, 6)) {
    () throws(KernelError) in
    let program = try trivial(.schedCls)
    return try links(program, target: UInt32(Int32.max), .tcxIngress)
  }

  public static let socketMapLinks = Feature("links to maps of sockets", since: .init(6, 10)) {
    () throws(KernelError) in
    let program = try trivial(.skMsg, .skMsgVerdict)
    return try links(program, target: .max, .skMsgVerdict)
  }

  public static let netkitLinks = Feature("netkit links", since: .init(6, 7)) {
    () throws(KernelError) in
    let program = try trivial(.schedCls)
    return try links(program, target: UInt32(Int32.max), .netkitPrimary)
  }

  public static let cgroupPreorder = Feature("preorder links of cgroups", since: .init(6, 17)) {
    () throws(KernelError) in
    let program = try trivial(.cgroupSkb, .cgroupInetIngress)
    return try links(
      program, target: .max, .cgroupInetIngress, flags: AttachFlag.preorder)
  }

  public static let cgroupOrder = Feature("order of cgroup programs", since: .init(6, 17)) {
    () throws(KernelError) in
    let program = try trivial(.cgroupSkb, .cgroupInetIngress)
    return try links(program, target: .max, .cgroupInetIngress, flags: AttachFlag.before)
  }

  public static let unixSocketHooks = Feature("cgroup hooks for unix sockets", since: .init(6, 7)) {
    () throws(KernelError) in
    try works { () throws(KernelError) in _ = try trivial(.cgroupSockAddr, .cgroupUnixConnect) }
  }

  public static let cgroupSecurityHooks = Feature("security hooks of cgroups", since: .init(6, 0)) {
    () throws(KernelError) in
    // EBADF from a kernel that gets as far as to look for the cgroup.
    var attributes = cbpf_prog_query()
    attributes.target = .max
    attributes.attach_type = AttachType.lsmCgroup.rawValue
    switch Errno(rawValue: Int32(truncatingIfNeeded: -bpf(.programQuery, &attributes))) {
    case .badDescriptor: return true
    case .invalid: return false
    default: return nil
    }
  }

  public static let structOpsLinks = Feature("struct_ops links", since: .init(6, 4)) {
    () throws(KernelError) in
    // A type that is no structure of operations; the flag is looked at before it.
    var parameters = MapParameters(
      type: .structOps, keySize: 4, valueSize: 4, maxEntries: 1, flags: 1 << 13)
    parameters.kernelValueTypeID = 1
    do throws(KernelError) {
      _ = try Map.create(parameters)
      return nil
    } catch {
      switch error.errno {
      case .notSupportedByKernel: return true
      case .invalid: return false
      default: return nil
      }
    }
  }

  public static let pathDescriptors = Feature("pins relative to directories", since: .init(6, 5)) {
    () throws(KernelError) in
    var attributes = cbpf_object_path()
    attributes.file_flags = 1 << 14
    attributes.path_fd = -1
    // Older kernels refuse the flag before they look at the path.
    return try withAddress(ofText: "probe") { address throws(KernelError) in
      attributes.pathname = address
      return bpf(.objectGet, &attributes) != -Int(Errno.invalid.rawValue)
    }
  }

  /// `r0 = 1; exit`, which all program types of these probes accept.
  private static let success = [
    Instruction(opcode: 0xb7, immediate: 1), Instruction(opcode: 0x95),
  ]

  private static func trivial(
    _ type: ProgramType, _ attachType: AttachType? = nil
  ) throws(KernelError) -> Program {
    try Program.load(
      ProgramParameters(
        type: type, instructions: success, license: "GPL", expectedAttachType: attachType))
  }

  private static func array(flags: UInt32) throws(KernelError) -> Map {
    try Map.create(
      MapParameters(
        type: .array, keySize: 4, valueSize: 4, maxEntries: 1, flags: flags))
  }

  /// Asks for a link to a target that cannot be: EINVAL means that the kernel did not get as far
  /// as looking for it.
  private static func links(
    _ program: Program, target: UInt32, _ type: AttachType, flags: UInt32 = 0
  ) throws(KernelError) -> Bool? {
    var attributes = cbpf_link_create()
    attributes.prog_fd = UInt32(bitPattern: program.descriptor.rawValue)
    attributes.target = target
    attributes.attach_type = type.rawValue
    attributes.flags = flags
    let result = cbpf_good_descriptor(bpf(.linkCreate, &attributes))
    if result >= 0 {
      _ = FileDescriptor(owned: Int32(truncatingIfNeeded: result))
      return true
    }
    switch Errno(rawValue: Int32(truncatingIfNeeded: -result)) {
    case .badDescriptor, .noDevice: return true
    case .invalid: return false
    default: return nil
    }
  }

  /// Whether the body is accepted; nil when it failed for another reason than the feature.
  private static func works(_ body: () throws(KernelError) -> Void) throws(KernelError) -> Bool? {
    do throws(KernelError) {
      try body()
      return true
    } catch {
      switch error.errno {
      case .invalid, .tooBig, .notSupportedByKernel, .notSupported: return false
      default: return nil
      }
    }
  }
}
