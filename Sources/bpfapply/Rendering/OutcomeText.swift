import Planning
import Reconciling

/// What an apply did, as text for people. What made it fail is a diagnostic and not in it.
struct OutcomeText {
  var view: PlanView
  var outcome: Outcome
  var style: Style

  init(_ outcome: Outcome, of view: PlanView, style: Style = .plain) {
    self.outcome = outcome
    self.view = view
    self.style = style
  }

  func render() -> String {
    switch outcome.result {
    case .successful: resources() + style("Done", .green) + ": \(tally()).\n"
    case .stale(let difference):
      style("Nothing was changed", .yellow)
        + ": the kernel is no longer as it was planned for (\(visible(difference))).\n"
    case .rolledBack:
      report() + style("Failed", .red) + ": what had been done was undone.\n"
    case .partlyApplied:
      report() + style("Partly applied", .red)
        + ": what is listed as done is in effect; the next apply goes on from there.\n"
    case .notVerified(let changes):
      resources() + unverified(changes) + style("Not verified", .red)
        + ": every step was done, yet the kernel is not as planned.\n"
    }
  }

  /// One line for each resource that changed, with its new id.
  private func resources() -> String {
    let changes = view.plan.changes.filter { $0.action != .unchanged }
    let width = changes.map { visible($0.address.description).count }.max() ?? 0
    var out = ""
    for change in changes {
      let symbol = ChangeSymbol(change)
      let address = padded(visible(change.address.description), to: width)
      let isSkipped = outcome.vanished.contains(change.address)
      out += "\(style(symbol.column, symbol.colour)) \(address)  "
      out += isSkipped ? "skipped: its interface is gone" : change.action.done
      if let id = outcome.ids[change.address] { out += " (id \(id))" }
      out += "\n"
      if let report = outcome.migrations[change.address] { out += "      \(report.sentence)\n" }
    }
    return out.isEmpty ? "" : out + "\n"
  }

  private func tally() -> String {
    let parts = Action.allCases.filter { $0 != .unchanged }.compactMap { action -> String? in
      let count = view.plan.changes.count {
        $0.action == action && !outcome.vanished.contains($0.address)
      }
      return count > 0 ? "\(count) \(action.done)" : nil
    }
    return parts.isEmpty ? "put in order" : parts.joined(separator: ", ")
  }

  /// Every step with what became of it.
  private func report() -> String {
    var out = ""
    for report in outcome.steps {
      let (label, colour) = report.status.label
      out += "  \(style(padded(label, to: 13), colour))  \(visible(report.step.sentence))\n"
    }
    for failure in outcome.undoFailures {
      out += "  \(style(padded("not undone", to: 13), .red))  \(visible(failure.deed)): "
      out += visible(failure.failure.message) + "\n"
    }
    return out.isEmpty ? "" : out + "\n"
  }

  private func unverified(_ changes: [ResourceChange]) -> String {
    var out = "Still to be done:\n"
    for change in changes {
      let symbol = ChangeSymbol(change)
      out += "\(style(symbol.column, symbol.colour)) \(visible(change.address.description))"
      if let explanation = change.explanation { out += " (\(visible(explanation)))" }
      out += "\n"
      for line in FieldText.lines(change, style: style) {
        out += "      \(line)\n"
      }
    }
    return out + "\n"
  }
}

extension MigrationReport {
  /// "1000 entries carried over; 12 changed, 3 new, 0 removed while programs were swapped".
  fileprivate var sentence: String {
    let counts = merged
    var text = copied == 1 ? "1 entry carried over" : "\(copied) entries carried over"
    text += "; while programs were swapped \(counts.changed) changed, \(counts.added) came and "
    text += "\(counts.deleted) went"
    if counts.kept > 0 {
      text += "; \(counts.kept) that both sides wrote are as the new map has them"
    }
    if counts.inUserSpace {
      text +=
        "; merged from user space: what was counted in the same instant "
        + "can be lost"
    }
    return text
  }
}

extension Action {
  /// `created`.
  var done: String {
    switch self {
    case .unchanged: "unchanged"
    case .create: "created"
    case .update: "updated"
    case .replace: "replaced"
    case .delete: "deleted"
    case .adopt: "adopted"
    case .forget: "forgotten"
    }
  }
}

extension Reconciling.Status {
  fileprivate var label: (String, Style.Colour) {
    switch self {
    case .successful: ("done", .green)
    case .failed: ("failed", .red)
    case .undone: ("undone", .yellow)
    case .skipped, .pending: ("not attempted", .faint)
    }
  }
}
