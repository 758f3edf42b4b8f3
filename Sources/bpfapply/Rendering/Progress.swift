import Planning
import Reconciling

/// What an apply tells while it works: one JSON event per line, or on a terminal a line that says
/// where it is once it takes longer than half a second.
final class Progress {
  private let console: Console
  private let json: Bool
  private var steps = 0

  init(console: Console, json: Bool) {
    self.console = console
    self.json = json
  }

  func report(_ event: ApplyEvent) {
    if json {
      if let line = OutcomeJSON.event(event) { console.print(line) }
      return
    }
    switch event {
    case .started(_, let steps): self.steps = steps
    case .stepStarted(let index, let step):
      show("[\(index + 1)/\(steps)] \(visible(step.sentence))")
    case .reversed:
      console.print("The last change was not confirmed in time and has been taken back.\n\n")
    case .verifying: show("looking whether the kernel is as planned")
    case .stepUndone(_, let step): show("undone: \(visible(step.sentence))")
    default: break
    }
  }

  /// Takes the line away.
  func end() {
    console.stage = ""
    console.endProgress()
  }

  private func show(_ text: String) {
    console.stage = text
    console.showProgress("")
  }
}

extension EntryProgress {
  /// "1000 of 2000 entries of map flows written".
  var sentence: String {
    let what = work == .merged ? "changes" : "entries"
    let amount = total.map { "\(done) of \($0)" } ?? "\(done)"
    return "\(amount) \(what) of map \(map) \(work.rawValue)"
  }
}
