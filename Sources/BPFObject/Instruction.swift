/// One eBPF instruction slot of eight bytes (RFC 9669, section 3). A 64-bit immediate load
/// (`BPF_LD | BPF_IMM | BPF_DW`) takes two slots.
public struct Instruction: Hashable, Sendable {
  public var opcode: UInt8
  /// The destination register in the low nibble, the source register in the high one, whatever
  /// the byte order of the object.
  public var registers: UInt8
  public var offset: Int16
  public var immediate: Int32

  public init(opcode: UInt8, registers: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
    self.opcode = opcode
    self.registers = registers
    self.offset = offset
    self.immediate = immediate
  }

  public var destination: UInt8 { registers & 0x0f }
  public var source: UInt8 { registers >> 4 }
}

extension Instruction {
  /// `BPF_LD | BPF_IMM | BPF_DW`: takes the next slot as well.
  public var isWideLoad: Bool { opcode == 0x18 }
  /// A call of a function of the same program (`BPF_PSEUDO_CALL`).
  public var isLocalCall: Bool { opcode == 0x85 && source == 1 }

  /// Appends the eight bytes that the kernel takes, in little-endian order.
  public func encode(into bytes: inout [UInt8]) {
    bytes.append(opcode)
    bytes.append(registers)
    bytes.append(littleEndian: offset)
    bytes.append(littleEndian: immediate)
  }

  /// The slots of an object's section, whose length is a multiple of eight. An instruction lies in
  /// memory as in a little-endian object.
  static func decode(_ bytes: ArraySlice<UInt8>, bigEndian: Bool) -> [Instruction] {
    var slots = unsafe [Instruction](unsafeUninitializedCapacity: bytes.count / 8) { slots, count in
      let target = UnsafeMutableRawBufferPointer(slots)
      unsafe bytes.withUnsafeBytes {
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<target.count]))
      }
      count = slots.count
    }
    if bigEndian {
      for index in slots.indices {
        let registers = slots[index].registers
        slots[index].registers = registers >> 4 | registers << 4
      }
    }
    if bigEndian != Instruction.isHostBigEndian {
      for index in slots.indices {
        slots[index].offset = slots[index].offset.byteSwapped
        slots[index].immediate = slots[index].immediate.byteSwapped
      }
    }
    return slots
  }

  private static var isHostBigEndian: Bool { Int16(1).bigEndian == 1 }

  mutating func setSource(_ source: UInt8) { registers = registers & 0x0f | source << 4 }
}

/// What the source register of a 64-bit immediate load or a call says about its immediates.
public enum PseudoSource {
  public static let mapFD: UInt8 = 1
  public static let mapValue: UInt8 = 2
  public static let btfID: UInt8 = 3
  public static let function: UInt8 = 4
  public static let mapIndex: UInt8 = 5
  public static let mapIndexValue: UInt8 = 6
  /// Of a call: a function of the kernel by its type id.
  public static let kernelFunction: UInt8 = 2
}
