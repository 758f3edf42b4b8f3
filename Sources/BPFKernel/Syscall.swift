internal import CBPF

/// A command of bpf(2), with the name that errors give it.
struct Command: Sendable {
  let number: Int32
  let name: String

  static let mapCreate = Command(number: 0, name: "BPF_MAP_CREATE")
  static let mapLookup = Command(number: 1, name: "BPF_MAP_LOOKUP_ELEM")
  static let mapUpdate = Command(number: 2, name: "BPF_MAP_UPDATE_ELEM")
  static let mapDelete = Command(number: 3, name: "BPF_MAP_DELETE_ELEM")
  static let mapNextKey = Command(number: 4, name: "BPF_MAP_GET_NEXT_KEY")
  static let programLoad = Command(number: 5, name: "BPF_PROG_LOAD")
  static let objectPin = Command(number: 6, name: "BPF_OBJ_PIN")
  static let objectGet = Command(number: 7, name: "BPF_OBJ_GET")
  static let programAttach = Command(number: 8, name: "BPF_PROG_ATTACH")
  static let programDetach = Command(number: 9, name: "BPF_PROG_DETACH")
  static let programTestRun = Command(number: 10, name: "BPF_PROG_TEST_RUN")
  static let programNextID = Command(number: 11, name: "BPF_PROG_GET_NEXT_ID")
  static let mapNextID = Command(number: 12, name: "BPF_MAP_GET_NEXT_ID")
  static let programByID = Command(number: 13, name: "BPF_PROG_GET_FD_BY_ID")
  static let mapByID = Command(number: 14, name: "BPF_MAP_GET_FD_BY_ID")
  static let objectInfo = Command(number: 15, name: "BPF_OBJ_GET_INFO_BY_FD")
  static let programQuery = Command(number: 16, name: "BPF_PROG_QUERY")
  static let rawTracepointOpen = Command(number: 17, name: "BPF_RAW_TRACEPOINT_OPEN")
  static let btfLoad = Command(number: 18, name: "BPF_BTF_LOAD")
  static let btfByID = Command(number: 19, name: "BPF_BTF_GET_FD_BY_ID")
  static let mapLookupAndDelete = Command(number: 21, name: "BPF_MAP_LOOKUP_AND_DELETE_ELEM")
  static let mapFreeze = Command(number: 22, name: "BPF_MAP_FREEZE")
  static let btfNextID = Command(number: 23, name: "BPF_BTF_GET_NEXT_ID")
  static let mapLookupBatch = Command(number: 24, name: "BPF_MAP_LOOKUP_BATCH")
  static let mapLookupAndDeleteBatch = Command(
    number: 25, name: "BPF_MAP_LOOKUP_AND_DELETE_BATCH")
  static let mapUpdateBatch = Command(number: 26, name: "BPF_MAP_UPDATE_BATCH")
  static let mapDeleteBatch = Command(number: 27, name: "BPF_MAP_DELETE_BATCH")
  static let linkCreate = Command(number: 28, name: "BPF_LINK_CREATE")
  static let linkUpdate = Command(number: 29, name: "BPF_LINK_UPDATE")
  static let linkByID = Command(number: 30, name: "BPF_LINK_GET_FD_BY_ID")
  static let linkNextID = Command(number: 31, name: "BPF_LINK_GET_NEXT_ID")
  static let iteratorCreate = Command(number: 33, name: "BPF_ITER_CREATE")
  static let linkDetach = Command(number: 34, name: "BPF_LINK_DETACH")
  static let programBindMap = Command(number: 35, name: "BPF_PROG_BIND_MAP")
  static let tokenCreate = Command(number: 36, name: "BPF_TOKEN_CREATE")
}

/// Makes the bpf(2) call and returns its result, or `-errno`.
@inline(__always)
func bpf<Attributes>(_ command: Command, _ attributes: inout Attributes) -> Int {
  unsafe withUnsafeMutablePointer(to: &attributes) { pointer in
    unsafe cbpf_bpf(command.number, pointer, UInt32(MemoryLayout<Attributes>.size))
  }
}

/// As `bpf`, for what kernels before 5.11 charge to RLIMIT_MEMLOCK: EPERM may mean that the limit
/// is reached, so it is lifted and the call made once more.
func bpfCharged<Attributes>(_ command: Command, _ attributes: inout Attributes) -> Int {
  let result = bpf(command, &attributes)
  guard result == -Int(Errno.notPermitted.rawValue), ResourceLimit.raiseLockedMemory() else {
    return result
  }
  return bpf(command, &attributes)
}

/// Makes the bpf(2) call and throws what it answers.
@inline(__always)
@discardableResult
func bpf<Attributes>(
  _ command: Command, _ attributes: inout Attributes, on context: @autoclosure () -> String
) throws(KernelError) -> Int {
  let result = bpf(command, &attributes)
  if result < 0 { throw KernelError(command, result, on: context()) }
  return result
}

/// Makes a bpf(2) call that returns a descriptor, which is moved away from 0 to 2.
func bpfDescriptor<Attributes>(
  _ command: Command, _ attributes: inout Attributes, on context: @autoclosure () -> String
) throws(KernelError) -> FileDescriptor {
  let result = cbpf_good_descriptor(bpf(command, &attributes))
  guard result >= 0 else { throw KernelError(command, result, on: context()) }
  return FileDescriptor(owned: Int32(truncatingIfNeeded: result))
}

extension KernelError {
  init(_ command: Command, _ result: Int, on context: String, verifierLog: String? = nil) {
    self.init(
      command.name, Errno(rawValue: Int32(truncatingIfNeeded: -result)), on: context,
      verifierLog: verifierLog)
  }
}

/// Throws when another system call answered `-errno`.
@discardableResult
func check(
  _ result: Int, _ call: String, on context: @autoclosure () -> String
) throws(KernelError) -> Int {
  guard result >= 0 else {
    throw KernelError(call, Errno(rawValue: Int32(truncatingIfNeeded: -result)), on: context())
  }
  return result
}
