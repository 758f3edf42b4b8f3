internal import BPFObject
internal import CBPF

/// Waiting for programs that may still run on other CPUs after they were taken off a hook.
public enum GracePeriod {
  /// Returns when no program that ran at the time of the call runs any more; sleepable programs are
  /// not waited for. The call is membarrier(2), `MEMBARRIER_CMD_GLOBAL`, which waits for the grace
  /// period of RCU under which programs run.
  ///
  /// Kernels that refuse it (nohz_full), and those with one CPU, where it has nothing to wait for,
  /// are made to wait by a change of a map of maps, which the kernel ends with such a grace period
  /// too (since 4.15).
  public static func wait() throws(KernelError) {
    if cbpf_online_cpus() > 1, cbpf_membarrier_global() == 0 { return }
    let inner = try Map.create(
      MapParameters(type: .array, name: "grace", keySize: 4, valueSize: 4, maxEntries: 1))
    var parameters = MapParameters(
      type: .arrayOfMaps, name: "grace", keySize: 4, valueSize: 4, maxEntries: 1)
    parameters.inner = inner
    let outer = try Map.create(parameters)
    let descriptor = UInt32(bitPattern: inner.descriptor.rawValue)
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: descriptor >> (8 * UInt32($0))) }
    #if _endian(little)
      try outer.update([0, 0, 0, 0], bytes)
    #else
      try outer.update([0, 0, 0, 0], bytes.reversed())
    #endif
  }
}
