public import BPFObject
internal import Glibc

/// Which kinds of types the running kernel takes in BTF.
public enum TypeFeatures {
  /// Those that it does not know; what did not become clear is taken to be known.
  public static var missing: Set<BTF.Addition> {
    Set(BTF.Addition.allCases.filter { feature($0).isSupported == false })
  }

  /// Whether the kernel has an addition; asked by loading the smallest BTF that has it.
  public static func feature(_ addition: BTF.Addition) -> Feature {
    let since: KernelVersion =
      switch addition {
      case .functions: .init(5, 0)
      case .dataSections: .init(5, 2)
      case .globalFunctions: .init(5, 6)
      case .floats: .init(5, 13)
      case .declarationTags: .init(5, 16)
      case .typeTags: .init(5, 17)
      case .wideEnumerations: .init(6, 0)
      }
    return Feature("BTF with \(addition.rawValue)", since: since) { () throws(KernelError) in
      do throws(KernelError) {
        _ = try LoadedBTF.load(sample(addition))
        return true
      } catch {
        return error.errno == .invalid ? false : nil
      }
    }
  }

  static func sample(_ addition: BTF.Addition) -> [UInt8] {
    var builder = BTFBuilder()
    let int = builder.integer("int", size: 4, signed: true)
    switch addition {
    case .dataSections:
      let variable = builder.variable("x", type: int, linkage: .static)
      _ = builder.dataSection(".data", size: 4, [.init(type: variable, offset: 0, size: 4)])
    case .functions: _ = builder.function("f", returning: int, linkage: .static)
    case .globalFunctions: _ = builder.function("f", returning: int, linkage: .global)
    case .floats: _ = builder.float("float", size: 4)
    case .declarationTags:
      let variable = builder.variable("x", type: int, linkage: .static)
      _ = builder.declarationTag("tag", on: variable)
    case .typeTags: _ = builder.pointer(to: builder.typeTag("tag", int))
    case .wideEnumerations:
      _ = builder.enumeration("e", size: 8, [BTF.Enumerator(name: "a", value: 1)])
    }
    return builder.btf.encoded()
  }
}

extension Feature {
  /// `bpf_probe_read_kernel` and its like.
  public static let probeReadKernel = Feature("bpf_probe_read_kernel", since: .init(5, 5)) {
    () throws(KernelError) in
    // r1 = r10 - 8; r2 = 8; r3 = 0
    let code = [
      Instruction(opcode: 0xbf, registers: 0xa1),
      Instruction(opcode: 0x07, registers: 1, immediate: -8),
      Instruction(opcode: 0xb7, registers: 2, immediate: 8),
      Instruction(opcode: 0xb7, registers: 3),
      Instruction(opcode: 0x85, immediate: 113), Instruction(opcode: 0xb7),
      Instruction(opcode: 0x95),
    ]
    do throws(KernelError) {
      _ = try Program.load(
        ProgramParameters(type: .tracepoint, instructions: code, license: "GPL"))
      return true
    } catch {
      return error.errno == .invalid ? false : nil
    }
  }
}

extension HostFacts {
  /// The size that a ring buffer is made with: a power of two of whole pages, at least what is
  /// asked for. What is beyond that is left to the kernel to refuse.
  public static func ringBufferSize(_ bytes: UInt32) -> UInt32 {
    if bytes == 0 { return 0 }
    var size = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
    while size < UInt64(bytes) { size <<= 1 }
    return UInt32(exactly: size) ?? bytes
  }
}
