/// A use of a function or variable of the kernel, which only the kernel that the program is loaded
/// into can resolve: `extern … __ksym`.
public struct ExternReference: Hashable, Sendable {
  /// A call, or the first of a 64-bit load's two slots.
  public var instruction: Int
  /// As in the object, with a flavour's suffix (`bpf_task_from_pid___old`).
  public var name: String
  /// The instruction calls it; otherwise it loads its address.
  public var isCall: Bool
  public var isFunction: Bool
  /// May be missing: its address is then null, and a call of it is refused only where the verifier
  /// finds that it can be reached.
  public var isWeak: Bool
  /// The type without modifiers in the object's BTF, or the function's prototype; 0 = nothing but
  /// the address is asked for (`extern const void jiffies __ksym`).
  public var typeID: UInt32
  /// The place among the object's externs, as libbpf sorts them.
  public var number: Int

  /// The name in the kernel: that of a function ends before `___`.
  public var kernelName: String { isFunction ? Flavour.essential(name) : name }
}

/// What a kernel has for an extern.
public enum ExternValue: Hashable, Sendable {
  /// A type of the kernel's BTF. `module` is 0 for vmlinux; else for an address the descriptor of
  /// the module's BTF, for a call its index among the descriptors that PROG_LOAD is given.
  case type(id: UInt32, module: Int32)
  case address(UInt64)
  /// It is weak, and the kernel does not have it.
  case absent
}

extension ProgramImage {
  /// The image with what the kernel has in the place of each extern.
  public func resolvingExterns<Failure: Error>(
    _ resolve: (ExternReference) throws(Failure) -> ExternValue
  ) throws(Failure) -> ProgramImage {
    var image = self
    for reference in externs where instructions.indices.contains(reference.instruction) {
      image.fill(reference, try resolve(reference))
    }
    image.externs = []
    return image
  }

  private mutating func fill(_ reference: ExternReference, _ value: ExternValue) {
    let first = reference.instruction
    if reference.isCall {
      switch value {
      case .type(let id, let module):
        instructions[first].setSource(PseudoSource.kernelFunction)
        instructions[first].immediate = Int32(bitPattern: id)
        instructions[first].offset = Int16(truncatingIfNeeded: module)
      case .address, .absent:
        // The number tells whoever reads the verifier's log which function is missing.
        instructions[first] = Instruction(
          opcode: 0x85, immediate: Int32(truncatingIfNeeded: 2_002_000_000 + reference.number))
      }
      return
    }
    guard instructions.indices.contains(first + 1) else { return }
    let (source, low, high): (UInt8, UInt32, UInt32) =
      switch value {
      case .type(let id, let module): (PseudoSource.btfID, id, UInt32(bitPattern: module))
      case .address(let address):
        (0, UInt32(truncatingIfNeeded: address), UInt32(truncatingIfNeeded: address >> 32))
      case .absent: (0, 0, 0)
      }
    instructions[first].setSource(source)
    instructions[first].immediate = Int32(bitPattern: low)
    instructions[first + 1].immediate = Int32(bitPattern: high)
  }

  /// Whether the tag cannot be known without the kernel that loads the program.
  public var dependsOnKernel: Bool {
    !externs.isEmpty || !coreRelocations.isEmpty || exceptionCallback != nil
  }
}

/// `struct task_struct___old`: a name in an object that stands for the part before `___`.
enum Flavour {
  static func essential(_ name: String) -> String {
    let bytes = Array(name.utf8)
    let underscore = UInt8(ascii: "_")
    guard bytes.count > 4 else { return name }
    for end in stride(from: bytes.count - 5, through: 0, by: -1)
    where bytes[end] != underscore && bytes[end + 1] == underscore && bytes[end + 2] == underscore
      && bytes[end + 3] == underscore && bytes[end + 4] != underscore
    {
      return String(decoding: bytes[...end], as: UTF8.self)
    }
    return name
  }
}
