internal import BPFObject
internal import CBPF
internal import Glibc

/// Many places in an executable file, for one link (6.6).
public struct UserProbeSet: Sendable {
  public var path: String
  /// From the start of the file.
  public var offsets: [UInt64]
  /// Where in the file the counter of each is that says whether anybody listens; 0 = it has none.
  /// Empty = none has.
  public var counters: [UInt64]
  /// What bpf_get_attach_cookie returns at each; empty = 0.
  public var cookies: [UInt64]
  public var isReturn: Bool
  /// The program runs at the beginning and the end of a function (6.13).
  public var isSession: Bool
  /// nil = all processes.
  public var process: UInt32?

  public init(
    path: String, offsets: [UInt64], counters: [UInt64] = [], cookies: [UInt64] = [],
    isReturn: Bool = false, isSession: Bool = false, process: UInt32? = nil
  ) {
    self.path = path
    self.offsets = offsets
    self.counters = counters
    self.cookies = cookies
    self.isReturn = isReturn
    self.isSession = isSession
    self.process = process
  }
}

/// Many functions of the kernel, for one link (5.18).
public struct KernelProbeSet: Sendable {
  /// Where ftrace can enter them.
  public var addresses: [UInt64]
  /// What bpf_get_attach_cookie returns at each; empty = 0.
  public var cookies: [UInt64]
  public var isReturn: Bool
  /// The program runs at the beginning and the end of a function (6.10).
  public var isSession: Bool

  public init(
    addresses: [UInt64], cookies: [UInt64] = [], isReturn: Bool = false, isSession: Bool = false
  ) {
    self.addresses = addresses
    self.cookies = cookies
    self.isReturn = isReturn
    self.isSession = isSession
  }
}

extension Hook {
  func userProbes(
    _ program: UInt32, _ probes: UserProbeSet
  ) throws(KernelError) -> FileDescriptor {
    try withoutZeroByte(probes.path, Command.linkCreate.name)
    try sameCount(probes.offsets, [probes.counters, probes.cookies])
    var attributes = cbpf_link_create_uprobe_multi()
    attributes.link = cbpf_link_create(
      prog_fd: program, target: 0,
      attach_type: (probes.isSession ? AttachType.traceUprobeSession : .traceUprobeMulti).rawValue,
      flags: 0)
    attributes.cnt = UInt32(clamping: probes.offsets.count)
    // BPF_F_UPROBE_MULTI_RETURN
    attributes.flags = probes.isReturn ? 1 : 0
    attributes.pid = probes.process ?? 0
    let result = try withAddress(ofText: probes.path) { path throws(KernelError) in
      attributes.path = path
      return probes.offsets.withAddress { offsets in
        probes.counters.withAddress { counters in
          probes.cookies.withAddress { cookies in
            attributes.offsets = offsets
            attributes.ref_ctr_offsets = counters
            attributes.cookies = cookies
            return cbpf_good_descriptor(bpf(.linkCreate, &attributes))
          }
        }
      }
    }
    return try made(result)
  }

  func kernelProbes(
    _ program: UInt32, _ probes: KernelProbeSet
  ) throws(KernelError) -> FileDescriptor {
    try sameCount(probes.addresses, [probes.cookies])
    var attributes = cbpf_link_create_kprobe_multi()
    attributes.link = cbpf_link_create(
      prog_fd: program, target: 0,
      attach_type: (probes.isSession ? AttachType.traceKprobeSession : .traceKprobeMulti).rawValue,
      flags: 0)
    attributes.cnt = UInt32(clamping: probes.addresses.count)
    // BPF_F_KPROBE_MULTI_RETURN
    attributes.flags = probes.isReturn ? 1 : 0
    let result = probes.addresses.withAddress { addresses in
      probes.cookies.withAddress { cookies in
        attributes.addrs = addresses
        attributes.cookies = cookies
        return cbpf_good_descriptor(bpf(.linkCreate, &attributes))
      }
    }
    return try made(result)
  }

  private func made(_ result: Int) throws(KernelError) -> FileDescriptor {
    guard result >= 0 else { throw KernelError(.linkCreate, result, on: description) }
    return FileDescriptor(owned: Int32(truncatingIfNeeded: result))
  }

  /// The kernel reads as many of each as there are places.
  private func sameCount(
    _ places: [UInt64], _ others: [[UInt64]]
  ) throws(KernelError) {
    guard !places.isEmpty, others.allSatisfy({ $0.isEmpty || $0.count == places.count }) else {
      throw KernelError(
        Command.linkCreate.name, refused: "\(places.count) places, and not as many of the rest",
        on: description)
    }
  }
}

extension Feature {
  public static let uprobeMulti = Feature("links to many uprobes", since: .init(6, 6)) {
    () throws(KernelError) in try tryUserProbes(isSession: false)
  }

  public static let uprobeSession = Feature("uprobe sessions", since: .init(6, 13)) {
    () throws(KernelError) in try tryUserProbes(isSession: true)
  }

  public static let kprobeMulti = Feature("links to many kprobes", since: .init(5, 18)) {
    () throws(KernelError) in try tryKernelProbes(isSession: false)
  }

  public static let kprobeSession = Feature("kprobe sessions", since: .init(6, 10)) {
    () throws(KernelError) in try tryKernelProbes(isSession: true)
  }

  private static func program(_ type: AttachType) throws(KernelError) -> Program {
    try Program.load(
      ProgramParameters(
        type: .kprobe,
        instructions: [Instruction(opcode: 0xb7), Instruction(opcode: 0x95)], license: "GPL",
        expectedAttachType: type))
  }

  /// A directory has no code: EBADF from a kernel that gets as far as to look at it.
  private static func tryUserProbes(isSession: Bool) throws(KernelError) -> Bool? {
    do throws(KernelError) {
      let program = try program(isSession ? .traceUprobeSession : .traceUprobeMulti)
      _ = try Link.create(
        program, on: .userProbes(UserProbeSet(path: "/", offsets: [0], isSession: isSession)))
      return nil
    } catch {
      switch error.errno {
      case .badDescriptor?: return true
      case .invalid?, .notSupported?: return false
      default: return nil
      }
    }
  }

  /// No function is at the address 1: EINVAL or ENOENT from a kernel that looks for it, so that the
  /// names tell: ESRCH for one that is not there.
  private static func tryKernelProbes(isSession: Bool) throws(KernelError) -> Bool? {
    do throws(KernelError) {
      let program = try program(isSession ? .traceKprobeSession : .traceKprobeMulti)
      var attributes = cbpf_link_create_kprobe_multi()
      attributes.link = cbpf_link_create(
        prog_fd: UInt32(bitPattern: program.descriptor.rawValue), target: 0,
        attach_type: (isSession ? AttachType.traceKprobeSession : .traceKprobeMulti).rawValue,
        flags: 0)
      attributes.cnt = 1
      try withExtendedLifetime(program) { () throws(KernelError) in
        try withAddress(ofText: "bpfapply_no_such_function") { name throws(KernelError) in
          try [name].withAddress { names throws(KernelError) in
            attributes.syms = names
            _ = try bpfDescriptor(.linkCreate, &attributes, on: "no function")
          }
        }
      }
      return nil
    } catch {
      switch error.errno {
      case .noProcess?: return true
      case .invalid?, .notSupported?: return false
      default: return nil
      }
    }
  }
}
