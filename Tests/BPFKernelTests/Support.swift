import BPFKernel
import BPFObject
import Sandbox

/// `r0 = value; exit`.
func returning(_ value: Int32) -> [Instruction] {
  [Instruction(opcode: 0xb7, immediate: value), Instruction(opcode: 0x95)]
}

/// A program that does nothing but return a value.
func load(
  _ type: ProgramType, _ attachType: AttachType? = nil, name: String = "test",
  returning value: Int32 = 1
) throws(KernelError) -> Program {
  try Program.load(
    ProgramParameters(
      type: type, name: name, instructions: returning(value), license: "GPL",
      expectedAttachType: attachType))
}

func makeMap(
  _ type: MapType, name: String = "test", key: UInt32 = 4, value: UInt32 = 8,
  entries: UInt32 = 16, flags: UInt32 = 0
) throws(KernelError) -> Map {
  try Map.create(
    MapParameters(
      type: type, name: name, keySize: key, valueSize: value, maxEntries: entries, flags: flags))
}

/// The bytes of an integer in host order.
func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number) { Array($0) }
}

/// What a body throws; nil if it does not.
func failure(_ body: () throws(KernelError) -> Void) -> KernelError? {
  do throws(KernelError) {
    try body()
    return nil
  } catch {
    return error
  }
}

/// BTF of one type: `int`, four bytes, signed.
let smallBTF: [UInt8] = {
  let strings: [UInt8] = [0] + Array("int".utf8) + [0]
  let types = [UInt32(1), 1 << 24, 4, 1 << 24 | 32].flatMap { bytes($0) }
  let sizes = [24, 0, types.count, types.count, strings.count].flatMap { bytes(UInt32($0)) }
  return bytes(UInt16(0xeb9f)) + [1, 0] + sizes + types + strings
}()

/// The text of what a body throws.
func refusal(_ body: () throws(KernelError) -> Void) -> String {
  failure(body)?.description ?? "nothing was thrown"
}

/// Why a directory at the top of a bpffs is not opened.
func refusal(of name: String, in filesystem: BPFFilesystem) -> String {
  refusal { () throws(KernelError) in _ = try filesystem.directory([name], creating: 0o700) }
}
