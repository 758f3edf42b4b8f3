internal import CBPF

/// The input of a test run.
public struct TestRunInput: Sendable {
  /// The packet. At least 14 bytes for programs on packets.
  public var data: [UInt8]
  /// The context struct; empty = none.
  public var context: [UInt8]
  /// How often the program runs; 0 counts as 1.
  public var repeats: UInt32
  public var flags: UInt32
  public var cpu: UInt32
  /// Room for the packet and context afterwards, in bytes; 0 = not wanted. Some program types
  /// (raw_tracepoint, syscall) refuse room for a packet.
  public var dataRoom: Int
  public var contextRoom: Int

  public init(
    data: [UInt8] = [], context: [UInt8] = [], repeats: UInt32 = 1, flags: UInt32 = 0,
    cpu: UInt32 = 0, dataRoom: Int? = nil, contextRoom: Int? = nil
  ) {
    self.data = data
    self.context = context
    self.repeats = repeats
    self.flags = flags
    self.cpu = cpu
    // Programs may grow a packet by some headers.
    self.dataRoom = dataRoom ?? (data.isEmpty ? 0 : data.count + 256)
    self.contextRoom = contextRoom ?? context.count
  }
}

/// The outcome of a test run.
public struct TestRunOutput: Hashable, Sendable {
  public var returnValue: UInt32
  public var data: [UInt8]
  /// The context afterwards. Without room for one it is the input, into which a syscall program's
  /// changes are written.
  public var context: [UInt8]
  /// Nanoseconds of one run, on average.
  public var duration: UInt32
}

extension Program {
  /// Runs the program on a packet or context. It writes into the maps that it is bound to. The
  /// bpf(2) command is `BPF_PROG_TEST_RUN`; ENOTSUPP for many program types (tracepoint,
  /// perf_event, sock_addr, sock_ops, sk_msg, sk_skb, cgroup sock, device, sysctl, sockopt).
  public func testRun(_ input: TestRunInput) throws(KernelError) -> TestRunOutput {
    var data = [UInt8](repeating: 0, count: max(0, input.dataRoom))
    var context = [UInt8](repeating: 0, count: max(0, input.contextRoom))
    var attributes = cbpf_test_run()
    attributes.prog_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.data_size_in = UInt32(truncatingIfNeeded: input.data.count)
    attributes.data_size_out = UInt32(truncatingIfNeeded: data.count)
    attributes.ctx_size_in = UInt32(truncatingIfNeeded: input.context.count)
    attributes.ctx_size_out = UInt32(truncatingIfNeeded: context.count)
    attributes.repeat = input.repeats
    attributes.flags = input.flags
    attributes.cpu = input.cpu
    var contextInput = input.context
    let result = input.data.withAddress { dataIn in
      contextInput.withMutableAddress { contextIn in
        data.withMutableAddress { dataOut in
          context.withMutableAddress { contextOut in
            attributes.data_in = dataIn
            attributes.data_out = dataOut
            attributes.ctx_in = contextIn
            attributes.ctx_out = contextOut
            return bpf(.programTestRun, &attributes)
          }
        }
      }
    }
    if result < 0 { throw KernelError(.programTestRun, result, on: testContext) }
    return TestRunOutput(
      returnValue: attributes.retval,
      data: Array(data.prefix(Int(attributes.data_size_out))),
      context: input.contextRoom > 0
        ? Array(context.prefix(Int(attributes.ctx_size_out))) : contextInput,
      duration: attributes.duration)
  }

  private var testContext: String {
    if let info = try? info() { return "program \(info.name) (\(info.type))" }
    return "program descriptor \(descriptor.rawValue)"
  }
}
