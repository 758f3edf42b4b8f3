public import BPFObject
internal import CBPF

/// What the kernel says of a program: `struct bpf_prog_info`.
public struct ProgramInfo: Hashable, Sendable {
  public var id: UInt32
  public var type: ProgramType
  /// As a number: eight bytes in memory order.
  private var rawTag: UInt64
  public var name: String
  /// The maps that it uses or that are bound to it, ascending.
  public var mapIDs: [UInt32]
  /// 0 = none.
  public var btfID: UInt32
  /// Nanoseconds since boot.
  public var loadTime: UInt64
  public var userID: UInt32
  public var isGPLCompatible: Bool
  /// Bytes of the verified instructions; 0 without CAP_BPF.
  public var translatedLength: UInt32
  /// Bytes of machine code; 0 when it is interpreted.
  public var compiledLength: UInt32
  public var verifiedInstructions: UInt32
  /// What a tracing, LSM or freplace program is for: an object's BTF id and a type in it (6.0).
  public var attachObjectID: UInt32
  public var attachTypeID: UInt32
  /// Counted only while `kernel.bpf_stats_enabled` is set.
  public var runTime: UInt64
  public var runCount: UInt64
  public var interfaceIndex: UInt32

  public var tag: ProgramTag { ProgramTag(number: rawTag) }

  init(_ raw: cbpf_prog_info, mapIDs: [UInt32]) {
    id = raw.id
    type = ProgramType(rawValue: raw.type)
    rawTag = raw.tag
    name = BPFKernel.name(in: raw.name)
    self.mapIDs = mapIDs
    btfID = raw.btf_id
    loadTime = raw.load_time
    userID = raw.created_by_uid
    isGPLCompatible = raw.gpl_compatible & 1 != 0
    translatedLength = raw.xlated_prog_len
    compiledLength = raw.jited_prog_len
    verifiedInstructions = raw.verified_insns
    attachObjectID = raw.attach_btf_obj_id
    attachTypeID = raw.attach_btf_id
    runTime = raw.run_time_ns
    runCount = raw.run_cnt
    interfaceIndex = raw.ifindex
  }

  /// Asks the kernel. The bpf(2) command is `BPF_OBJ_GET_INFO_BY_FD`; one call, or a second one
  /// when the program has more maps than the buffer of the first takes.
  public init(of descriptor: borrowing FileDescriptor) throws(KernelError) {
    var buffer = [UInt32](repeating: 0, count: 64)
    try self.init(of: descriptor.rawValue, mapIDs: &buffer)
  }

  /// The same with a buffer for map ids that a walk over all programs uses again.
  init(of descriptor: Int32, mapIDs buffer: inout [UInt32]) throws(KernelError) {
    while true {
      var raw = cbpf_prog_info()
      raw.nr_map_ids = UInt32(truncatingIfNeeded: buffer.count)
      let result = buffer.withMutableAddress { address in
        raw.map_ids = address
        return objectInfo(descriptor, &raw)
      }
      try check(result, Command.objectInfo.name, on: "program descriptor \(descriptor)")
      // The kernel writes what fits and says how many there are.
      let count = Int(raw.nr_map_ids)
      if count <= buffer.count {
        self.init(raw, mapIDs: count == 0 ? [] : buffer[..<count].sorted())
        return
      }
      buffer = [UInt32](repeating: 0, count: count)
    }
  }
}
