internal import CBPF
internal import Glibc

/// After how much of what is counted a program runs.
public enum Sampling: Sendable, Hashable {
  /// After every so many events; for clocks, nanoseconds.
  case period(UInt64)
  /// So many times in a second; the kernel adapts the period (`freq` of perf_event_attr).
  case frequency(UInt64)
}

extension PerfEvent {
  /// Opens a counter that runs a program of type perf_event again and again. `type` and `config` are
  /// perf_event_attr's (PERF_TYPE_SOFTWARE 1, PERF_COUNT_SW_CPU_CLOCK 0). nil: any CPU, or all
  /// processes; one of the two must be given. The system call is perf_event_open(2): ENOENT or
  /// EOPNOTSUPP if there is no such counter, ESRCH if there is no such process, ENODEV if the CPU is
  /// not online.
  public static func counter(
    type: UInt32, config: UInt64, sampling: Sampling, cpu: UInt32?, process: UInt32?
  ) throws(KernelError) -> PerfEvent {
    var attributes = cbpf_perf_event_attr()
    attributes.type = type
    attributes.size = UInt32(MemoryLayout<cbpf_perf_event_attr>.size)
    attributes.config = config
    switch sampling {
    case .period(let period): attributes.sample_period = period
    case .frequency(let frequency):
      attributes.sample_period = frequency
      attributes.flags = UInt64(CBPF_PERF_ATTR_FREQ)
    }
    let place = cpu.map { " on CPU \($0)" } ?? ""
    return try open(
      &attributes, process: process.map(Int32.init(clamping:)) ?? -1,
      cpu: cpu.map(Int32.init(clamping:)) ?? -1,
      "perf event \(type):\(config)\(place)")
  }
}

extension Feature {
  /// Counters of the processor, which virtual machines often have none of.
  public static let hardwareCounters = Feature("hardware counters", since: .init(4, 9)) {
    () throws(KernelError) in
    do throws(KernelError) {
      // PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, of the calling process.
      _ = try PerfEvent.counter(
        type: 0, config: 0, sampling: .period(1 << 40), cpu: nil, process: 0)
      return true
    } catch {
      switch error.errno {
      case .noEntry?, .noDevice?, .notSupported?: return false
      default: return nil
      }
    }
  }
}

/// A process of the host.
public enum ProcessTable {
  /// Whether there is a process with that id, as the calling process numbers them.
  public static func has(_ id: UInt32) throws(KernelError) -> Bool {
    do throws(KernelError) {
      _ = try openFile("/proc/\(id)", O_RDONLY | O_DIRECTORY)
      return true
    } catch {
      guard error.errno == .noEntry else { throw error }
      return false
    }
  }
}
