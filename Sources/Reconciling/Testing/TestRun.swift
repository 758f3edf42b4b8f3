public import BPFObject
public import Planning

/// What a program is run on for a test.
public struct TestRun: Hashable, Sendable {
  public var type: ProgramType
  /// From the Ethernet header on; nil for types that take none.
  public var packet: [UInt8]?
  /// What stands before the packet of an XDP program.
  public var metadata: [UInt8]
  /// The context struct (`ContextLayout`), a raw tracepoint's arguments, or the bytes of a syscall
  /// program's context; empty = none.
  public var context: [UInt8]
  public var repeats: UInt32

  public init(
    type: ProgramType, packet: [UInt8]? = nil, metadata: [UInt8] = [], context: [UInt8] = [],
    repeats: UInt32 = 1
  ) {
    self.type = type
    self.packet = packet
    self.metadata = metadata
    self.context = context
    self.repeats = repeats
  }
}

public enum TestRunResult: Hashable, Sendable {
  case ran(TestOutput)
  /// The kernel has no such test run, for that reason.
  case impossible(String)
}
