internal import BPFObject
public import Planning

extension Manifest {
  /// The hook blocks of tracing that can mean several places, or that only the program completes.
  public enum TracingBlock: Sendable {
    case perfEvent(PerfEventBlock)
  }

  /// `perf_event` as written.
  public struct PerfEventBlock: Sendable {
    public var source: PerfCounter.Source
    /// A name or a number.
    public var config: Located<String>
    public var sampling: PerfCounter.Sampling
    /// Numbers, or `all`; empty = not said.
    public var cpus: [Located<String>]
    public var process: UInt32?
  }
}

extension BlockReader {
  /// One of the blocks of `Manifest.TracingBlock`.
  func tracingBlock(_ name: String) -> Manifest.TracingBlock? {
    switch name {
    case "perf_event": perfEvent.map { .perfEvent($0) }
    default: nil
    }
  }

  private var perfEvent: Manifest.PerfEventBlock? {
    guard let source = map("type", { PerfCounter.Source(rawValue: $0) }),
      let config = text("config"),
      let sampling = number("period", as: UInt64.self).map({ PerfCounter.Sampling.period($0.value) }
      )
        ?? number("freq", as: UInt64.self).map({ .frequency($0.value) })
    else { return nil }
    return Manifest.PerfEventBlock(
      source: source.value, config: config, sampling: sampling, cpus: texts("cpu"),
      process: number("pid", as: UInt32.self)?.value)
  }
}
