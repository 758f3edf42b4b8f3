internal import BPFKernel
internal import BPFObject
public import Planning

/// What others attached without a link: XDP by netlink, the rest by PROG_ATTACH.
extension LiveKernel {
  public func detach(
    _ program: LiveObject, from hook: ObservedHook
  ) throws(KernelFailure) {
    let program = try self.program(program, "BPF_PROG_DETACH")
    try wrap { () throws(KernelError) in
      if let filter = hook.hook.filter { return try detach(program, from: filter) }
      try at(hook) { (target, type) throws(KernelError) in
        switch target {
        case .xdp(let index, let mode): try program.detachXDP(interface: index, mode: mode)
        case .other(let target): try program.detach(from: target, type: type)
        }
      }
    }
  }

  public func attach(
    _ program: LiveObject, to hook: ObservedHook
  ) throws(KernelFailure) {
    let program = try self.program(program, "BPF_PROG_ATTACH")
    try wrap { () throws(KernelError) in
      if let filter = hook.hook.filter { return try attach(program, to: filter) }
      try at(hook) { (target, type) throws(KernelError) in
        switch target {
        case .xdp(let index, let mode): try program.attachXDP(interface: index, mode: mode)
        case .other(let target):
          // BPF_F_ALLOW_OVERRIDE and BPF_F_ALLOW_MULTI, as the cgroup had them.
          try program.attach(to: target, type: type, flags: (hook.attachFlags ?? 0) & 3)
        }
      }
    }
  }

  private enum LegacyTarget {
    case xdp(UInt32, BPFKernel.XDPMode)
    case other(AttachTarget)
  }

  private func at(
    _ hook: ObservedHook, _ body: (LegacyTarget, AttachType) throws(KernelError) -> Void
  ) throws(KernelError) {
    switch hook.hook {
    case .xdp(let interface, _):
      try within(interface.namespace) { () throws(KernelError) in
        let index = try NetworkInterface.existing(interface.name).index
        try body(.xdp(index, (hook.xdpMode ?? .auto).kernelMode), .xdp)
      }
    case .tcx(let interface, let type), .netkit(let interface, let type):
      try within(interface.namespace) { () throws(KernelError) in
        let index = try NetworkInterface.existing(interface.name).index
        try body(.other(.interface(index)), type)
      }
    case .cgroup(let path, let type):
      try body(.other(.cgroup(try Cgroup(path))), type)
    case .cgroupSecurity(let path, _):
      try body(.other(.cgroup(try Cgroup(path))), .lsmCgroup)
    case .networkNamespace(let name, let type):
      try within(name) { () throws(KernelError) in
        try body(.other(.namespace(try NetworkNamespace.current())), type)
      }
    default:
      throw KernelError(
        "BPF_PROG_ATTACH", refused: "this hook takes links only", on: "\(hook.hook)")
    }
  }
}
