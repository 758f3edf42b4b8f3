internal import BPFObject

/// A performance counter that runs a program again and again.
public struct PerfCounter: Hashable, Sendable, Codable {
  /// `perf_event_attr.type`, as the manifest names it.
  public enum Source: String, Hashable, Sendable, Codable, CaseIterable {
    case hardware, software, cache, raw

    /// PERF_TYPE_*
    public var number: UInt32 {
      switch self {
      case .hardware: 0
      case .software: 1
      case .cache: 3
      case .raw: 4
      }
    }
  }

  public enum Sampling: Hashable, Sendable, Codable {
    /// After every so many events; of a clock, nanoseconds.
    case period(UInt64)
    /// So many times in a second.
    case frequency(UInt64)
  }

  public var source: Source
  /// `perf_event_attr.config`
  public var config: UInt64
  public var sampling: Sampling
  /// nil = whichever CPU the process runs on; then there is a process.
  public var cpu: UInt32?
  /// nil = all processes.
  public var process: UInt32?

  public init(
    source: Source, config: UInt64, sampling: Sampling, cpu: UInt32? = nil, process: UInt32? = nil
  ) {
    self.source = source
    self.config = config
    self.sampling = sampling
    self.cpu = cpu
    self.process = process
  }

  /// It stands for one on each CPU.
  public var isOnEveryCPU: Bool { cpu == nil && process == nil }

  /// As addresses name a CPU's: `cpu0`.
  public static func instance(cpu: UInt32) -> String { "cpu\(cpu)" }
}

// MARK: Names of counters

extension PerfCounter {
  /// The names that perf(1) and bpftool have for them, by config.
  private static let software = [
    "cpu-clock", "task-clock", "page-faults", "context-switches", "cpu-migrations", "minor-faults",
    "major-faults", "alignment-faults", "emulation-faults", "dummy", "bpf-output",
    "cgroup-switches",
  ]
  private static let hardware = [
    "cpu-cycles", "instructions", "cache-references", "cache-misses", "branch-instructions",
    "branch-misses", "bus-cycles", "stalled-cycles-frontend", "stalled-cycles-backend",
    "ref-cycles",
  ]
  private static let caches = ["L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node"]
  /// By operation: what is counted, and what of it missed.
  private static let accesses = [
    ("loads", "load-misses"), ("stores", "store-misses"), ("prefetches", "prefetch-misses"),
  ]

  /// The names of a source's counters; none where there are only numbers.
  public static func names(of source: Source) -> [String] {
    switch source {
    case .software: software
    case .hardware: hardware
    case .cache:
      caches.flatMap { cache in accesses.flatMap { ["\(cache)-\($0)", "\(cache)-\($1)"] } }
    case .raw: []
    }
  }

  /// The `config` that a name stands for.
  public static func config(named name: String, of source: Source) -> UInt64? {
    guard let index = names(of: source).firstIndex(of: name) else { return nil }
    guard source == .cache else { return UInt64(index) }
    let (cache, access) = index.quotientAndRemainder(dividingBy: accesses.count * 2)
    return UInt64(cache | (access / 2) << 8 | (access % 2) << 16)
  }

  /// The counter's name, or its number.
  public var configText: String {
    PerfCounter.names(of: source).first { PerfCounter.config(named: $0, of: source) == config }
      ?? String(config)
  }
}

// MARK: As a hook

extension PerfCounter: HookFamily {
  var spec: Spec {
    var spec = Spec([
      "hook": "perf_event", "type": .text(source.rawValue), "config": .text(configText),
    ])
    switch sampling {
    case .period(let period): spec["period"] = .number(period)
    case .frequency(let frequency): spec["freq"] = .number(frequency)
    }
    if let cpu { spec["cpu"] = .number(UInt64(cpu)) }
    if let process { spec["pid"] = .number(UInt64(process)) }
    return spec
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let source = spec.text("type").flatMap(Source.init(rawValue:)),
      let text = spec.text("config"),
      let config = config(named: text, of: source) ?? UInt64(text)
    else { return nil }
    let sampling: Sampling
    if let period: UInt64 = spec.number("period") {
      sampling = .period(period)
    } else if let frequency: UInt64 = spec.number("freq") {
      sampling = .frequency(frequency)
    } else {
      return nil
    }
    return .perfCounter(
      PerfCounter(
        source: source, config: config, sampling: sampling, cpu: spec.number("cpu"),
        process: spec.number("pid")))
  }

  var phrase: String {
    "\(source.rawValue) event \(configText)" + (cpu.map { " of CPU \($0)" } ?? "")
      + (process.map { " of process \($0)" } ?? "")
  }
  var kind: HookKind { HookKind(linkTypes: [.perfEvent]) }
  var needs: [KernelFeature] {
    source == .software ? [.perfEventLinks] : [.hardwareCounters, .perfEventLinks]
  }
  var capability: String? { "CAP_PERFMON" }

  /// The clocks are counted by devices of their own (since 6.6), whose number replaces the type.
  private var isClock: Bool { source == .software && config <= 1 }
  /// PERF_TYPE_MAX: from there on devices are numbered as they come.
  private static let dynamicTypes: UInt32 = 6

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    // Neither CPU, process nor period is told.
    case .perfCounter(let type, let found):
      found == config && (type == source.number || isClock && type >= PerfCounter.dynamicTypes)
    case .other: true
    default: false
    }
  }
}

// MARK: On every CPU

extension DesiredState {
  /// The attachments to each CPU that is online, of those that ask for all.
  func attachments(toCPUs cpus: [UInt32]) -> [DesiredAttachment] {
    everyCPU.flatMap { template in
      cpus.compactMap { cpu in
        guard case .perfCounter(var counter) = template.hook else { return nil }
        var attachment = template
        counter.cpu = cpu
        attachment.hook = .perfCounter(counter)
        attachment.isSelected = true
        attachment.instance = PerfCounter.instance(cpu: cpu)
        attachment.pin.path = PinPath.path(of: attachment.address, root: root)
        return attachment
      }
    }
  }
}
