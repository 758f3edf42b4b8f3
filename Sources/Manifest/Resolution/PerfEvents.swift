internal import BPFObject
internal import Planning

/// Counters: one hook for each CPU, or one that follows a process.
extension Resolver {
  mutating func hooks(
    of block: Manifest.PerfEventBlock, _ program: DesiredProgram, at position: Position
  ) -> [(instance: String?, hook: Planning.Hook)] {
    guard fits(program, [.perfEvent], position), let config = config(of: block) else { return [] }
    var counter = PerfCounter(
      source: block.source, config: config, sampling: block.sampling, process: block.process)
    if let all = block.cpus.first(where: { $0.value == "all" }) {
      guard block.cpus.count == 1 else {
        log.error(
          "conflicting-keys", "'all' stands for every CPU, and others are named", at: all.at)
        return []
      }
      return [(nil, .perfCounter(counter))]
    }
    guard !block.cpus.isEmpty else { return [(nil, .perfCounter(counter))] }
    return block.cpus.compactMap { text in
      guard let cpu = ScalarText.integer(text.value).flatMap({ UInt32(exactly: $0) }) else {
        return nil
      }
      counter.cpu = cpu
      return (PerfCounter.instance(cpu: cpu), .perfCounter(counter))
    }
  }

  private mutating func config(of block: Manifest.PerfEventBlock) -> UInt64? {
    let text = block.config.value
    if let config = PerfCounter.config(named: text, of: block.source)
      ?? ScalarText.integer(text).flatMap({ UInt64(exactly: $0) })
    {
      return config
    }
    let names = PerfCounter.names(of: block.source)
    log.error(
      "unknown-counter", "there is no \(block.source.rawValue) event '\(text)'",
      at: block.config.at,
      hints: [
        Suggestion.hint(for: text, in: names)
          ?? (names.isEmpty
            ? "the processor's manual has the numbers"
            : "there are \(names.joined(separator: ", "))")
      ])
    return nil
  }
}
