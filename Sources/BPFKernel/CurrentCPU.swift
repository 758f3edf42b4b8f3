internal import CBPF

/// The CPU that the calling thread runs on.
public enum CurrentCPU {
  /// Runs `body` without leaving the CPU, whose number it is given; afterwards the thread may run where
  /// it could before. The calls are sched_getaffinity(2) and sched_setaffinity(2).
  public static func pinned<Result>(
    _ body: (Int) throws(KernelError) -> Result
  ) throws(KernelError) -> Result {
    // For 8192 CPUs, the most that a kernel is built for.
    var before = [UInt8](repeating: 0, count: 1024)
    let size = try check(
      unsafe cbpf_get_affinity(&before, UInt(before.count)), "sched_getaffinity",
      on: "the calling thread")
    before.removeLast(before.count - min(size, before.count))
    let cpu = try check(cbpf_current_cpu(), "getcpu", on: "the calling thread")
    var here = [UInt8](repeating: 0, count: before.count)
    guard let byte = place(of: cpu, in: here.count) else {
      throw KernelError("getcpu", refused: "there is no CPU \(cpu)", on: "the calling thread")
    }
    here[byte] = 1 << UInt8(cpu % 8)
    try check(
      unsafe cbpf_set_affinity(here, UInt(here.count)), "sched_setaffinity", on: "CPU \(cpu)")
    // A set that was accepted before is accepted again, but for CPUs that were taken away meanwhile.
    defer { _ = unsafe cbpf_set_affinity(before, UInt(before.count)) }
    return try body(cpu)
  }

  /// The byte of a set of CPUs, an array of longs, that holds the CPU's bit.
  private static func place(of cpu: Int, in size: Int) -> Int? {
    #if _endian(little)
      let byte = cpu / 8
    #else
      let byte = cpu / 64 * 8 + 7 - cpu % 64 / 8
    #endif
    return cpu >= 0 && byte < size ? byte : nil
  }
}
