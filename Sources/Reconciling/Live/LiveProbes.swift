internal import BPFKernel
internal import BPFObject
import Planning

/// Probes: their places in the running kernel and in files, and what the kernel has for them.
extension LiveKernel {
  /// The perf event of a kprobe. A system call is a function that is named for the architecture.
  func event(_ probe: KernelProbe) throws(KernelError) -> PerfEvent {
    try PerfEvent.kernelProbe(
      function: try symbol(of: probe), offset: probe.offset, isReturn: probe.isReturn)
  }

  private func symbol(of probe: KernelProbe) throws(KernelError) -> String {
    guard probe.isSystemCall else { return probe.function }
    let known = try KernelSymbols.addresses(of: Set(probe.symbols))
    guard let symbol = probe.symbols.first(where: { known[$0] != nil }) else {
      throw KernelError(
        "kprobe", refused: "this kernel has no such system call",
        on: "system call \(probe.function)")
    }
    return symbol
  }

  /// The perf event of a uprobe.
  func event(_ probe: UserProbe) throws(KernelError) -> PerfEvent {
    let (path, offset) = try place(of: probe)
    return try PerfEvent.userProbe(
      path: path, offset: offset, isReturn: probe.isReturn, process: probe.process)
  }

  /// The file and where in it the probe is.
  func place(of probe: UserProbe) throws(KernelError) -> (path: String, offset: UInt64) {
    let path = try ExecutableFile.path(of: probe.path)
    guard let function = probe.function else { return (path, probe.offset) }
    let start = try ExecutableFile.offset(of: function, in: path)
    let (offset, overflow) = start.addingReportingOverflow(probe.offset)
    guard !overflow else {
      throw KernelError("uprobe", refused: "the offset is past the end of it", on: path)
    }
    return (path, offset)
  }

  /// What new attachments need and this kernel is known to lack. What is attached as it was applied
  /// proves that the kernel can, and is not asked about: a look should stay cheap.
  func missingFeatures(_ scope: ObservationScope, _ inventory: Inventory?) -> [KernelFeature] {
    var needed: Set<KernelFeature> = []
    for attachment in scope.desired?.attachments ?? [] {
      let applied = inventory?.resources[attachment.address]?.current?.spec
      if let applied, Planning.Hook(spec: applied) == attachment.hook,
        attachment.order == nil || applied["order"] != nil,
        !attachment.preorder || applied["preorder"] != nil
      {
        continue
      }
      needed.formUnion(attachment.needs)
    }
    return needed.filter(\.isMissing).sorted { $0.rawValue < $1.rawValue }
  }
}

extension KernelFeature {
  /// This kernel is known to lack it.
  var isMissing: Bool { test.isSupported == false }

  private var test: Feature {
    switch self {
    case .perfEventLinks: .perfLinks
    case .netfilterLinks: .netfilterLinks
    case .tcxLinks: .tcxLinks
    case .socketMapLinks: .socketMapLinks
    case .unixSocketHooks: .unixSocketHooks
    case .cgroupSecurityHooks: .cgroupSecurityHooks
    case .netkitLinks: .netkitLinks
    case .cgroupOrder: .cgroupOrder
    case .cgroupPreorder: .cgroupPreorder
    case .kprobes: .kprobes
    case .uprobes: .uprobes
    case .kernelTypes: .kernelTypes
    case .cgroupIterators: .cgroupIterators
    case .processIterators: .processIterators
    case .lsm: .lsm
    case .structOpsLinks: .structOpsLinks
    case .hardwareCounters: .hardwareCounters
    case .kprobeMulti: .kprobeMulti
    case .kprobeSession: .kprobeSession
    case .uprobeMulti: .uprobeMulti
    case .uprobeSession: .uprobeSession
    case .mergePrograms: .mergePrograms
    }
  }
}

extension Feature {
  fileprivate static let mergePrograms = Feature("programs that merge maps", since: .init(4, 12)) {
    () throws(KernelError) in
    let map = try Map.create(
      MapParameters(type: .hash, keySize: 4, valueSize: 8, maxEntries: 1))
    let form = MergeForm(size: 8, fields: [MergeForm.Span(offset: 0, size: 8)])
    return MergeProgram(map, form: form, base: nil) != nil
  }
}
