public import BPFObject
internal import CBPF

/// What a program is loaded with.
public struct ProgramParameters: Sendable {
  public var type: ProgramType
  /// At most 15 bytes of `[A-Za-z0-9_.]`.
  public var name: String
  public var instructions: [Instruction]
  public var license: String
  public var expectedAttachType: AttachType?
  /// `BPF_F_*` of PROG_LOAD (sleepable, xdp_has_frags …).
  public var flags: UInt32 = 0
  public var btf: LoadedBTF?
  /// By ascending instruction; used only with BTF.
  public var functionInfo: [FunctionInfo] = []
  public var lineInfo: [LineInfo] = []
  /// The type in the kernel's (or `attachBTF`'s) BTF that the program is for.
  public var attachTypeID: UInt32 = 0
  /// A module's BTF; nil = vmlinux.
  public var attachBTF: LoadedBTF?
  /// The program that a freplace or a tracing program is for.
  public var attachProgram: Program?
  /// Descriptors that `BPF_PSEUDO_MAP_IDX` and module kfunc calls index.
  public var descriptors: [Int32] = []
  public var interfaceIndex: UInt32 = 0
  /// 1 = what led to the refusal, 2 = every instruction. The log is fetched only on a refusal.
  public var logLevel: UInt32 = 1

  public init(
    type: ProgramType, name: String = "", instructions: [Instruction], license: String,
    expectedAttachType: AttachType? = nil
  ) {
    self.type = type
    self.name = name
    self.instructions = instructions
    self.license = license
    self.expectedAttachType = expectedAttachType
  }
}

/// A program in the kernel, kept alive by a descriptor.
public final class Program: Sendable {
  public let descriptor: FileDescriptor

  public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// Opens the program with that id. The bpf(2) command is `BPF_PROG_GET_FD_BY_ID`; it needs
  /// CAP_SYS_ADMIN. Throws ENOENT when there is no such program.
  public convenience init(id: UInt32) throws(KernelError) {
    var attributes = cbpf_object_id(id: id, next_id: 0, open_flags: 0, token_fd: 0)
    self.init(try bpfDescriptor(.programByID, &attributes, on: "program \(id)"))
  }

  /// Verifies and loads a program. The bpf(2) command is `BPF_PROG_LOAD`.
  ///
  /// EAGAIN (a signal came in between) is retried up to five times. When the program is refused,
  /// it is loaded again with a log, whose text the error carries.
  public static func load(_ parameters: ProgramParameters) throws(KernelError) -> Program {
    let context = "program \(parameters.name) (\(parameters.type))"
    guard let count = UInt32(exactly: parameters.instructions.count) else {
      throw KernelError(Command.programLoad.name, .tooBig, on: context)
    }
    var attributes = cbpf_prog_load()
    attributes.prog_type = parameters.type.rawValue
    attributes.insn_cnt = count
    attributes.prog_flags = parameters.flags
    attributes.prog_name = try field(
      for: parameters.name, Command.programLoad.name, on: context)
    attributes.prog_ifindex = parameters.interfaceIndex
    attributes.expected_attach_type = parameters.expectedAttachType?.rawValue ?? 0
    attributes.attach_btf_id = parameters.attachTypeID
    if let target = parameters.attachProgram {
      attributes.attach_fd = UInt32(bitPattern: target.descriptor.rawValue)
    } else if let module = parameters.attachBTF {
      attributes.attach_fd = UInt32(bitPattern: module.descriptor.rawValue)
    }
    if let btf = parameters.btf {
      attributes.prog_btf_fd = UInt32(bitPattern: btf.descriptor.rawValue)
      attributes.func_info_rec_size = UInt32(MemoryLayout<FunctionInfo>.stride)
      attributes.func_info_cnt = UInt32(truncatingIfNeeded: parameters.functionInfo.count)
      attributes.line_info_rec_size = UInt32(MemoryLayout<LineInfo>.stride)
      attributes.line_info_cnt = UInt32(truncatingIfNeeded: parameters.lineInfo.count)
    }
    var log = VerifierLog()
    let result = try addresses(parameters, &attributes) { attributes in
      Token.with { token in
        if let token {
          attributes.prog_flags |= Token.flag
          attributes.prog_token_fd = token
        }
        return submit(&attributes, logLevel: parameters.logLevel, &log)
      }
    }
    guard result >= 0 else {
      throw KernelError(.programLoad, result, on: context, verifierLog: log.findings)
    }
    return Program(FileDescriptor(owned: Int32(truncatingIfNeeded: result)))
  }

  private static func addresses(
    _ parameters: ProgramParameters, _ attributes: inout cbpf_prog_load,
    _ body: (inout cbpf_prog_load) -> Int
  ) throws(KernelError) -> Int {
    let hasBTF = parameters.btf != nil
    return try withAddress(ofText: parameters.license) { license throws(KernelError) in
      nativeInstructions(parameters.instructions).withAddress { instructions in
        parameters.functionInfo.withAddress { functions in
          parameters.lineInfo.withAddress { lines in
            parameters.descriptors.withAddress { descriptors in
              attributes.license = license
              attributes.insns = instructions
              attributes.func_info = hasBTF ? functions : 0
              attributes.line_info = hasBTF ? lines : 0
              attributes.fd_array = descriptors
              return body(&attributes)
            }
          }
        }
      }
    }
  }

  private static func submit(
    _ attributes: inout cbpf_prog_load, logLevel: UInt32, _ log: inout VerifierLog
  ) -> Int {
    let result = retrying(&attributes)
    if result >= 0 || logLevel == 0 { return result }
    return log.collect { address, size in
      attributes.log_buf = address
      attributes.log_size = size
      attributes.log_level = logLevel
      return retrying(&attributes)
    }
  }

  private static func retrying(_ attributes: inout cbpf_prog_load) -> Int {
    var result = bpfCharged(.programLoad, &attributes)
    var retries = 5
    while result == -Int(Errno.again.rawValue) && retries > 0 {
      result = bpf(.programLoad, &attributes)
      retries -= 1
    }
    return cbpf_good_descriptor(result)
  }

  /// The registers of an instruction are two bit fields, whose order in the byte is the host's.
  private static func nativeInstructions(_ instructions: [Instruction]) -> [Instruction] {
    #if _endian(big)
      instructions.map { instruction in
        var native = instruction
        native.registers = instruction.registers << 4 | instruction.registers >> 4
        return native
      }
    #else
      instructions
    #endif
  }

  /// What the kernel says of it. The bpf(2) command is `BPF_OBJ_GET_INFO_BY_FD`.
  public func info() throws(KernelError) -> ProgramInfo { try ProgramInfo(of: descriptor) }

  /// Keeps a map alive as long as the program, which need not use it. The bpf(2) command is
  /// `BPF_PROG_BIND_MAP` (5.10). A map that is bound already is no error.
  public func bind(_ map: Map) throws(KernelError) {
    var attributes = cbpf_prog_bind_map()
    attributes.prog_fd = UInt32(bitPattern: descriptor.rawValue)
    attributes.map_fd = UInt32(bitPattern: map.descriptor.rawValue)
    try bpf(.programBindMap, &attributes, on: map.context)
  }
}
