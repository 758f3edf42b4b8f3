internal import BPFKernel
import Planning

extension LiveKernel {
  /// Who may know about what stands in a declared place and is not ours: its pins on this bpffs, and
  /// the processes that hold it. Looked for only where there is something of the kind.
  func identifyStrangers(
    _ scope: ObservationScope, _ state: inout ObservedState
  ) throws(KernelFailure) {
    let strangers = Ownership.strangers(scope, observedSoFar: state)
    guard !strangers.isEmpty else { return }
    let wanted = Set(
      strangers.map { Pin.Object(kind: $0.kind.kernelKind, id: $0.id) })
    let filesystem = try filesystem(of: mount + "/")
    let pins = try wrap { () throws(KernelError) in try filesystem.root.walk().pins }
    let paths = Dictionary(
      grouping: pins.filter { pin in pin.object.map(wanted.contains) == true }
    ) { $0.object }
    // A process that may not be looked into hides what it holds; nothing rests on that.
    let holders = (try? ObjectHolder.all(of: wanted)) ?? [:]
    state.foreign = strangers.map { stranger in
      let key = Pin.Object(kind: stranger.kind.kernelKind, id: stranger.id)
      return ForeignObject(
        kind: stranger.kind, id: stranger.id, pins: (paths[key] ?? []).map(\.path).sorted(),
        processes: (holders[key] ?? []).map { .init(id: $0.processID, command: $0.command) })
    }
  }
}
