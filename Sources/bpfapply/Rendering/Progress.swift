import Planning
import Reconciling

/// What an apply tells while it works: one JSON event per line, or on a terminal a line that says
/// where it is once it takes longer than half a second.
final class Progress {
  private let console: Console
  private let json: Bool
  private let start = ContinuousClock.now
  private var steps = 0
  private var isShown = false

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
    if isShown { console.printError("\r\u{1B}[K") }
    isShown = false
  }

  private func show(_ text: String) {
    guard console.isInteractive, ContinuousClock.now - start > .milliseconds(500) else { return }
    console.printError("\r\u{1B}[K\(text)")
    isShown = true
  }
}
