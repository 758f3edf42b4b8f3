/// What was done so far, as the ways to undo it.
///
/// An entry is written before or right after its deed; undoing runs them in reverse. An undo that
/// fails does not stop the others: what could be put back is put back, and the rest is reported.
struct Journal {
  struct Entry {
    /// The index of the plan's step that the deed belongs to.
    var step: Int
    /// In words, for the report: "pin /sys/fs/bpf/…".
    var deed: String
    /// nil: the kernel offers no way back.
    var undo: (() throws(KernelFailure) -> Void)?
  }

  private(set) var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  mutating func record(
    _ step: Int, _ deed: String, undo: @escaping () throws(KernelFailure) -> Void
  ) {
    entries.append(Entry(step: step, deed: deed, undo: undo))
  }

  mutating func recordIrreversible(_ step: Int, _ deed: String) {
    entries.append(Entry(step: step, deed: deed, undo: nil))
  }

  /// Takes the newest entry off.
  mutating func removeNewest() -> Entry? { entries.popLast() }
}

/// A deed that could not be undone.
public struct UndoFailure: Error, Hashable, Sendable {
  /// The index of the step in the plan.
  public var step: Int
  public var deed: String
  public var failure: KernelFailure

  public init(step: Int, deed: String, failure: KernelFailure) {
    self.step = step
    self.deed = deed
    self.failure = failure
  }
}
