import Planning

/// What of one owner is not as it was last applied.
struct DriftReport: Sendable {
  var owner: String
  /// As given on the command line; nil when only the owner was named.
  var manifestPath: String?
  /// There is no inventory: nothing was applied since the host was started.
  var neverApplied: Bool
  /// The drifted resources, by address; for each field `before` is what is found, `after` what was
  /// applied.
  var changes: [ResourceChange]
  var notes: [Note]
  var limitations: [String]
  var sensitive: Set<Address>
  /// How entries are written, for the maps whose types are known.
  var notations: [Address: EntryNotation] = [:]

  init(owner: String, manifestPath: String? = nil) {
    self.owner = owner
    self.manifestPath = manifestPath
    neverApplied = false
    changes = []
    notes = []
    limitations = []
    sensitive = []
  }

  var hasDrifted: Bool { neverApplied || !changes.isEmpty }
}

/// Drift as text for people.
struct DriftText {
  var reports: [DriftReport]
  var style: Style

  init(_ reports: [DriftReport], style: Style = .plain) {
    self.reports = reports
    self.style = style
  }

  func render() -> String { reports.map(render).joined(separator: "\n") }

  private func render(_ report: DriftReport) -> String {
    let owner = style(visible(report.owner), .bold)
    var out: String
    if report.neverApplied {
      out = "\(owner): \(style("not applied", .red)) since this host was started.\n"
    } else if report.changes.isEmpty {
      out = "\(owner): no drift.\n"
    } else {
      out = "\(owner): \(style(counted(report.changes.count, "resource") + " drifted", .red)).\n"
    }
    for change in report.changes { out += "\n" + block(change, report: report) }
    if !report.changes.isEmpty, !(report.notes.isEmpty && report.limitations.isEmpty) {
      out += "\n"
    }
    for note in report.notes {
      out += "  \(style("Note", .cyan)): "
      if let address = note.address { out += visible(address.description) + ": " }
      out += visible(note.message) + "\n"
    }
    for limitation in report.limitations {
      out += "  \(style("Incomplete", .yellow)): \(visible(limitation))\n"
    }
    return out
  }

  private func block(_ change: ResourceChange, report: DriftReport) -> String {
    let symbol = mark(change)
    var out = "\(style("  " + symbol.0, symbol.1)) \(visible(change.address.description))"
    if let id = change.liveID { out += "  (id \(id))" }
    if let reason = change.reason { out += ": \(visible(reason))" }
    out += "\n"
    let hidden = report.sensitive.contains(change.address)
    // What is gone altogether has no field that differs.
    if change.action != .create, change.action != .delete {
      let drifted = change.fields.filter { $0.cause != .config }
      let width = drifted.map { $0.field.count }.max() ?? 0
      for field in drifted {
        let shown: (SpecValue?) -> String = { value in
          guard let value else { return "nothing" }
          return hidden && field.field == "entries.digest"
            ? FieldText.sensitive : FieldText.value(value, of: field.field)
        }
        out += "      \(padded(visible(field.field), to: width)) : applied \(shown(field.after)), "
        out += "found \(shown(field.before))\n"
      }
    }
    if let entries = change.entries, !entries.changes.isEmpty {
      for line in entryLines(
        entries, hidden: hidden, report.notations[change.address] ?? .asPlanned)
      { out += "      \(line)\n" }
    }
    return out
  }

  private func mark(_ change: ResourceChange) -> (String, Style.Colour) {
    switch change.action {
    // What an apply would have to create is missing, and the other way round.
    case .create: ("-", .red)
    case .delete: ("+", .green)
    default: ("~", .yellow)
    }
  }

  private func entryLines(
    _ entries: EntryChanges, hidden: Bool, _ notation: EntryNotation
  ) -> [String] {
    let counts = EntryText.counts(entries)
    let parts = [
      (counts.added, "removed"), (counts.changed, "changed"), (counts.removed, "added"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    var lines = ["entries: " + parts.joined(separator: ", ") + (hidden ? " (sensitive)" : "")]
    if hidden { return lines }
    for entry in entries.changes.prefix(EntryText.limit) {
      let key = visible(notation.keyText(entry))
      let found = visible(notation.beforeText(entry) ?? "?")
      let applied = visible(notation.afterText(entry) ?? "?")
      if entry.before == nil {
        lines.append("  \(style("-", .red)) \(key): applied \(applied), found nothing")
      } else if entry.after == nil {
        lines.append("  \(style("+", .green)) \(key): found \(found)")
      } else {
        lines.append("  \(style("~", .yellow)) \(key): applied \(applied), found \(found)")
      }
    }
    if entries.changes.count > EntryText.limit {
      lines.append("  … and \(entries.changes.count - EntryText.limit) more")
    }
    return lines
  }
}

/// Drift as versioned JSON: one element for each owner.
struct DriftJSON {
  var reports: [DriftReport]

  init(_ reports: [DriftReport]) { self.reports = reports }

  func render() -> String { json.document }

  var json: JSON {
    .members([
      "format_version": "1.0",
      "drift": .bool(reports.contains(where: \.hasDrifted)),
      "owners": .list(reports.map(report)),
    ])
  }

  private func report(_ report: DriftReport) -> JSON {
    .members([
      "owner": .text(report.owner),
      "manifest": report.manifestPath.map { .text($0) },
      "drift": .bool(report.hasDrifted),
      "never_applied": .bool(report.neverApplied),
      "complete": .bool(report.limitations.isEmpty),
      "limitations": .texts(report.limitations),
      "resource_drift": .list(
        report.changes.map {
          PlanJSON.drift(
            $0, sensitive: report.sensitive, notation: report.notations[$0.address] ?? .asPlanned)
        }),
      "notes": .list(report.notes.map(PlanJSON.note)),
    ])
  }
}
