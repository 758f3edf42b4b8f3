internal import BPFObject
internal import Glibc

extension Map {
  /// Gives an arena its place in address spaces and writes into it.
  ///
  /// An arena lies at the same address in every process that sees it: at `map_extra`, or where it is
  /// first mapped. The kernel verifies no program that uses it before. This maps all of it into the
  /// process, copies `bytes` to `offset`, and takes it out again; its pages stay.
  public func mapArena(writing bytes: [UInt8], at offset: UInt64) throws(KernelError) {
    let page = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
    let (length, overflow) = UInt64(info.maxEntries).multipliedReportingOverflow(by: page)
    guard info.type == .arena, !overflow, let count = Int(exactly: length), count > 0,
      offset <= length, UInt64(bytes.count) <= length - offset, let start = Int(exactly: offset)
    else {
      throw KernelError(
        "mmap", refused: "\(bytes.count) bytes at \(offset) do not fit in it", on: context)
    }
    // MAP_FIXED_NOREPLACE: what this process has at that address must not be lost.
    let fixed: Int32 = info.extra == 0 ? 0 : 0x10_0000
    let wanted = unsafe UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: info.extra))
    let mapped = unsafe mmap(
      wanted, count, PROT_READ | PROT_WRITE, MAP_SHARED | fixed, descriptor.rawValue, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw KernelError("mmap", Errno(rawValue: Glibc.errno), on: context)
    }
    if !bytes.isEmpty {
      unsafe (mapped + start).copyMemory(from: bytes, byteCount: bytes.count)
    }
    unsafe munmap(mapped, count)
  }
}
