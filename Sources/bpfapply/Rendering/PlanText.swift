import Planning

/// A plan as text for people, in Terraform's layout.
struct PlanText {
  var view: PlanView
  var style: Style

  init(_ view: PlanView, style: Style = .plain) {
    self.view = view
    self.style = style
  }

  /// Ends with a newline.
  func render() -> String {
    var out = legend()
    for change in view.shown { out += block(change) + "\n" }
    if view.shown.isEmpty, !view.plan.steps.isEmpty { out += housekeeping() }
    out += remarks()
    return out + ending()
  }

  private func legend() -> String {
    let used = Set(view.shown.map(ChangeSymbol.init)).subtracting([.unchanged])
    guard !used.isEmpty else { return "" }
    var out = "Symbols:\n"
    for symbol in ChangeSymbol.allCases where used.contains(symbol) {
      out += "\(style(symbol.column, symbol.colour)) \(symbol.meaning)\n"
    }
    return out + "\n"
  }

  private func block(_ change: ResourceChange) -> String {
    let symbol = ChangeSymbol(change)
    var out = "  # " + style(visible(change.headline), .bold)
    if let explanation = change.explanation { out += " (\(visible(explanation)))" }
    out += "\n\(style(symbol.column, symbol.colour)) \(visible(change.address.description))"
    if let id = change.liveID { out += "  (id \(id))" }
    out += "\n"
    for line in FieldText.lines(change, style: style) { out += "      \(line)\n" }
    if let entries = change.entries, !entries.changes.isEmpty {
      let hidden = view.sensitive.contains(change.address)
      for line in EntryText(entries, hidden: hidden, style: style).planned() {
        out += "      \(line)\n"
      }
    }
    for consequence in change.consequences {
      out += "      \(style("!", .yellow)) \(visible(consequence))\n"
    }
    for block in change.blocks {
      out += "      \(style("BLOCKED", .red)) [\(block.code)] \(visible(block.message))\n"
      for hint in block.hints { out += "        hint: \(visible(hint))\n" }
    }
    return out
  }

  /// Nothing about the resources changes, yet something is to be done.
  private func housekeeping() -> String {
    var out = "No resource changes, but there is something to put in order:\n"
    for step in view.plan.steps { out += "  - \(visible(step.sentence))\n" }
    return out + "\n"
  }

  private func remarks() -> String {
    var out = ""
    for note in view.plan.notes {
      out += style("Note", .cyan) + ": "
      if let address = note.address { out += visible(address.description) + ": " }
      out += visible(note.message) + "\n"
    }
    for limitation in view.plan.limitations {
      out += style("Incomplete", .yellow) + ": \(visible(limitation))\n"
    }
    return out.isEmpty ? "" : out + "\n"
  }

  private func ending() -> String {
    var out: String
    if let summary = view.summary {
      out = style("Plan", .bold) + ": \(summary)."
    } else if view.plan.isEmpty && view.blockedCount == 0 {
      out = style("No changes.", .bold)
      if !view.plan.limitations.isEmpty {
        out += " Not everything could be seen."
      } else if let path = view.manifestPath {
        out += " The kernel matches \(visible(path))."
      } else {
        out += " Nothing of \(visible(view.plan.owner)) is in the kernel."
      }
    } else {
      out = style("Plan", .bold) + ": no resource changes."
    }
    if view.blockedCount > 0 {
      out += style(" \(counted(view.blockedCount, "change")) blocked", .red)
      out += ": nothing is applied as things are."
    }
    out += "\n"
    if !view.plan.fingerprint.isEmpty {
      out += style("Fingerprint: \(view.plan.fingerprint)", .faint) + "\n"
    }
    return out
  }
}
