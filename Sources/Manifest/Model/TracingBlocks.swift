internal import BPFObject
public import Planning

extension Manifest {
  /// The hook blocks of tracing that can mean several places, or that only the program completes.
  public enum TracingBlock: Sendable {
    case perfEvent(PerfEventBlock)
    case probes(ProbeSetBlock)
    case staticProbe(StaticProbePlace)
  }

  /// `kprobe_multi` or `uprobe_multi` as written.
  public struct ProbeSetBlock: Sendable {
    /// nil = of the kernel.
    public var path: String?
    public var functions: [Located<String>]
    public var offsets: [Located<String>]
    public var cookies: [Located<String>]
    /// nil = as the section says.
    public var isReturn: Located<Bool>?
    public var isSession: Located<Bool>?
    public var process: UInt32?
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
    case "kprobe_multi": .probes(probeSet(path: nil))
    case "uprobe_multi": text("path").map { .probes(probeSet(path: $0.value)) }
    case "usdt": staticProbe.map { .staticProbe($0) }
    default: nil
    }
  }

  private func probeSet(path: String?) -> Manifest.ProbeSetBlock {
    Manifest.ProbeSetBlock(
      path: path, functions: texts("functions"), offsets: texts("offsets"),
      cookies: texts("cookies"), isReturn: boolean("return"), isSession: boolean("session"),
      process: number("pid", as: UInt32.self)?.value)
  }

  private var staticProbe: StaticProbePlace? {
    guard let path = text("path"), let provider = text("provider"), let name = text("name") else {
      return nil
    }
    return StaticProbePlace(
      path: path.value, provider: provider.value, name: name.value,
      process: number("pid", as: UInt32.self)?.value)
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
