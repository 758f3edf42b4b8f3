internal import BPFKernel
import Planning

/// Counters on CPUs and of processes.
extension PerfCounter {
  func event() throws(KernelError) -> PerfEvent {
    let sampling: BPFKernel.Sampling =
      switch sampling {
      case .period(let period): .period(period)
      case .frequency(let frequency): .frequency(frequency)
      }
    return try PerfEvent.counter(
      type: source.number, config: config, sampling: sampling, cpu: cpu, process: process)
  }

  /// Refuses a CPU or process that is not there.
  func checkTarget() throws(KernelError) {
    if let cpu, !(try BPFKernel.HostFacts.onlineCPUs().contains(cpu)) {
      throw KernelError("perf", refused: "it is not online", on: "CPU \(cpu)")
    }
    if let process { try checkProcess(process) }
  }
}

/// Refuses a process that has ended.
func checkProcess(_ process: UInt32) throws(KernelError) {
  guard try ProcessTable.has(process) else {
    throw KernelError("perf", refused: "there is no such process", on: "process \(process)")
  }
}
