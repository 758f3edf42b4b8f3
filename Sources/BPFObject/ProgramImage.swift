/// A program ready to be loaded but for what only the running kernel knows: its instructions with
/// the subprograms that it reaches appended, and what they refer to by name.
///
/// Deterministic, and the same on every host until `relocated(against:)` fits it to one kernel.
public struct ProgramImage: Hashable, Sendable {
  /// The function's name.
  public var name: String
  /// The section that it stands in, e.g. `xdp` or `tracepoint/sched/sched_switch`.
  public var section: String
  public var type: ProgramType
  public var expectedAttachType: AttachType?
  /// `BPF_F_*` flags of PROG_LOAD (sleepable, xdp_has_frags …).
  public var flags: UInt32
  /// What the section names behind its kind: a tracepoint, a kernel function.
  public var attachTarget: String?
  /// The member of a kernel's structure that a struct_ops program is made for.
  public var structOps: StructOpsMember?
  public var license: String
  public var instructions: [Instruction]
  /// Where the exception callback begins, and with it what only that reaches; nil if there is none.
  public var exceptionCallback: Int?
  /// By ascending instruction index.
  public var references: [MapReference]
  /// Functions and variables of the kernel, by ascending instruction; empty once they are resolved.
  public var externs: [ExternReference]
  /// `struct bpf_func_info` and `struct bpf_line_info` in instruction offsets of this image; type
  /// ids and string offsets are those of the object's loadable BTF.
  public var functionInfo: [FunctionInfo]
  public var lineInfo: [LineInfo]
  /// What depends on the kernel's types, by ascending instruction; `relocated(against:)` does them.
  public var coreRelocations: [CORERelocation] = []
  /// The types that these refer to; nil when there are none.
  public var localTypes: LocalTypes?
  /// What became of them, once they are done.
  public var coreResults: [COREResult] = []

  public init(
    name: String, section: String, type: ProgramType, expectedAttachType: AttachType? = nil,
    flags: UInt32 = 0, attachTarget: String? = nil, license: String = "",
    instructions: [Instruction], references: [MapReference] = [], externs: [ExternReference] = [],
    functionInfo: [FunctionInfo] = [], lineInfo: [LineInfo] = []
  ) {
    self.name = name
    self.section = section
    self.type = type
    self.expectedAttachType = expectedAttachType
    self.flags = flags
    self.attachTarget = attachTarget
    self.license = license
    self.instructions = instructions
    self.references = references
    self.externs = externs
    self.functionInfo = functionInfo
    self.lineInfo = lineInfo
  }
}

/// A 64-bit immediate load of a map or of an address in a map's value.
public struct MapReference: Hashable, Sendable {
  /// The first of the load's two slots.
  public var instruction: Int
  /// The map's name in the object.
  public var map: String
  /// The byte offset in the map's value; nil = the map itself (`BPF_PSEUDO_MAP_FD`).
  public var valueOffset: UInt32?

  public init(instruction: Int, map: String, valueOffset: UInt32? = nil) {
    self.instruction = instruction
    self.map = map
    self.valueOffset = valueOffset
  }
}

/// `struct bpf_func_info`: the function that starts at an instruction.
public struct FunctionInfo: Hashable, Sendable {
  public var instruction: UInt32
  public var typeID: UInt32
  public init(instruction: UInt32, typeID: UInt32) {
    self.instruction = instruction
    self.typeID = typeID
  }
}

/// `struct bpf_line_info`: the source line of an instruction; `file` and `text` are offsets in the
/// BTF's strings, `position` is line << 10 | column.
public struct LineInfo: Hashable, Sendable {
  public var instruction: UInt32
  public var file: UInt32
  public var text: UInt32
  public var position: UInt32
  public init(instruction: UInt32, file: UInt32, text: UInt32, position: UInt32) {
    self.instruction = instruction
    self.file = file
    self.text = text
    self.position = position
  }
}
