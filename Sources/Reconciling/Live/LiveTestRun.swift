internal import BPFKernel
internal import BPFObject
internal import Planning

extension LiveKernel {
  public func run(
    _ program: LiveObject, _ run: TestRun
  ) throws(KernelFailure) -> TestRunResult {
    let program = try self.program(program, "BPF_PROG_TEST_RUN")
    let form = TestRunForm(run)
    do throws(KernelError) {
      return .ran(try form.run(program))
    } catch {
      let version = try? BPFKernel.HostFacts.kernelVersion()
      if let reason = form.impossibility(error, on: version) { return .impossible(reason) }
      var failure = KernelFailure(error)
      if let hint = form.hint(error) { failure.hints.insert(hint, at: 0) }
      if let hint = failure.hints.first { failure.message += " (\(hint))" }
      throw failure
    }
  }
}

/// How `BPF_PROG_TEST_RUN` wants to be called for each type of program.
private struct TestRunForm {
  let run: TestRun
  private let header = TestRunSupport.ethernetHeader
  /// More than any packet that comes back: up to 17 pages, and 64 KiB with BPF_PROG_TEST_RUN's
  /// largest fragments.
  private static let room = 136 << 10

  init(_ run: TestRun) { self.run = run }

  func run(_ program: Program) throws(KernelError) -> TestOutput {
    // Values of per-CPU maps are then those of one CPU.
    try CurrentCPU.pinned { cpu throws(KernelError) in
      var output: TestOutput
      switch run.type {
      case .xdp: output = try xdp(program)
      case .flowDissector:
        let result = try call(program, data: run.packet ?? [], dataRoom: contextSize)
        output = TestOutput(result)
        // What comes back as data are the keys that the program filled in.
        output.context = result.data
        // Before 6.1 the kernel only tells whether it was BPF_OK.
        if let version = try? BPFKernel.HostFacts.kernelVersion(), version < KernelVersion(6, 1) {
          output.returnCode = output.returnCode == 1 ? 0 : 2
        }
      case .netfilter:
        output = TestOutput(
          try call(program, data: netfilterPacket, context: netfilterContext, contextRoom: 0))
      case .skLookup:
        let context = run.context.isEmpty ? zeros : run.context
        output = TestOutput(
          try call(program, context: context, contextRoom: context.count))
      case .rawTracepoint, .rawTracepointWritable, .syscall:
        // They take neither packets nor repetitions; a syscall program changes what it is given.
        output = TestOutput(try call(program, repeats: 0, context: run.context))
      default: output = try skb(program)
      }
      output.cpu = cpu
      return output
    }
  }

  private var contextSize: Int { ContextLayout.of(run.type)?.size ?? 0 }
  private var zeros: [UInt8] { [UInt8](repeating: 0, count: contextSize) }

  private func call(
    _ program: Program, data: [UInt8] = [], dataRoom: Int = 0, repeats: UInt32? = nil,
    context: [UInt8]? = nil, contextRoom: Int = 0
  ) throws(KernelError) -> TestRunOutput {
    try program.testRun(
      TestRunInput(
        data: data, context: context ?? run.context, repeats: repeats ?? run.repeats,
        dataRoom: dataRoom, contextRoom: contextRoom))
  }

  private func skb(_ program: Program) throws(KernelError) -> TestOutput {
    let context = run.context.isEmpty ? zeros : run.context
    let packet = run.packet ?? []
    let result = try call(
      program, data: packet, dataRoom: Self.room, context: context, contextRoom: context.count)
    var output = TestOutput(result)
    output.context = result.context
    // Programs that see the packet from the network header on get it back with an Ethernet header of
    // zeros.
    var data = result.data
    if run.type != .schedCls, run.type != .schedAct, data.count >= header, packet.count >= header {
      data.replaceSubrange(0..<header, with: packet[0..<header])
    }
    output.packet = data
    return output
  }

  /// In `struct xdp_md` of a test, `data` and `data_end` are counted from the metadata's start.
  private func xdp(_ program: Program) throws(KernelError) -> TestOutput {
    let data = run.metadata + (run.packet ?? [])
    var context = run.context.isEmpty ? zeros : run.context
    context.replaceSubrange(0..<4, with: HostOrder.bytes(UInt32(clamping: run.metadata.count)))
    context.replaceSubrange(4..<8, with: HostOrder.bytes(UInt32(clamping: data.count)))
    let result: TestRunOutput
    do throws(KernelError) {
      result = try call(
        program, data: data, dataRoom: Self.room, context: context, contextRoom: context.count)
    } catch {
      // Before 5.15 there is no context; a test that has none can do without.
      guard error.errno == .invalid, run.context.isEmpty, run.metadata.isEmpty else { throw error }
      let plain = try call(program, data: data, dataRoom: Self.room, context: [])
      var output = TestOutput(plain)
      output.packet = plain.data
      return output
    }
    var output = TestOutput(result)
    let start = min(Int(HostOrder.number(result.context.prefix(4))), result.data.count)
    output.metadata = Array(result.data[..<start])
    output.packet = Array(result.data[start...])
    output.context = result.context
    return output
  }

  // MARK: netfilter

  private static let localOut: UInt8 = 3

  /// On the way out a packet has no Ethernet header yet.
  private var netfilterPacket: [UInt8] {
    let packet = run.packet ?? []
    return netfilterContext[0] == Self.localOut ? Array(packet.dropFirst(header)) : packet
  }

  /// The protocol family is that of the packet, and the hook `input`, unless they are given.
  private var netfilterContext: [UInt8] {
    if !run.context.isEmpty { return run.context }
    var context = zeros
    context[0] = 1
    let packet = run.packet ?? []
    let isIPv6 = packet.count >= header && packet[12] == 0x86 && packet[13] == 0xdd
    context[1] = isIPv6 ? 10 : 2
    return context
  }

  // MARK: Refusals

  /// Why this kernel has no such run; nil when it has, and something else is wrong.
  func impossibility(_ error: KernelError, on version: KernelVersion?) -> String? {
    let since = TestRunSupport.since(run.type)
    let isOld = version.map { version in
      since.map { version < KernelVersion($0.major, $0.minor) } ?? false
    }
    switch error.errno {
    case .notSupportedByKernel?: break
    case .invalid?, .notSupported?, .tooBig?:
      if isOld == true { break }
      if let version, let reason = missing(on: version) { return reason }
      return nil
    default: return nil
    }
    let needs = since.map { " (Linux \($0.major).\($0.minor) can)" } ?? ""
    return "this kernel cannot test-run programs of type \(run.type)\(isOld == true ? needs : "")"
  }

  /// What this run needs besides, and the kernel has not.
  private func missing(on version: KernelVersion) -> String? {
    if run.type == .xdp, version < KernelVersion(5, 15),
      !run.context.isEmpty || !run.metadata.isEmpty
    {
      return "a context or metadata of XDP programs needs Linux 5.15"
    }
    if run.type == .flowDissector, version < KernelVersion(5, 4), !run.context.isEmpty {
      return "flags of flow dissectors need Linux 5.4"
    }
    if version < KernelVersion(5, 16), run.context.count == 192,
      run.context[184...].contains(where: { $0 != 0 })
    {
      return "hwtstamp in a context needs Linux 5.16"
    }
    return nil
  }

  /// What may be wrong with what was given.
  func hint(_ error: KernelError) -> String? {
    guard error.errno == .invalid, let packet = run.packet else { return nil }
    if packet.count > 3300 {
      return
        "packets are limited to a page without head and tail room, about 3.4 KiB; XDP programs "
        + "with the flag xdp_has_frags take more"
    }
    if run.type == .xdp, !run.context.isEmpty {
      return
        "a receive queue takes an interface with so many; metadata is a multiple of 4 bytes, at "
        + "most 32, or 255 on newer kernels"
    }
    if packet.count < 34 {
      return "the packet is shorter than Ethernet and IP headers are together"
    }
    return nil
  }
}

extension TestOutput {
  fileprivate init(_ output: TestRunOutput) {
    self.init(returnCode: output.returnValue)
    nanoseconds = output.duration
    context = output.context
  }
}
