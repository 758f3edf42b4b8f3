import Planning

/// What of one owner is not as it was last applied.
struct DriftReport: Sendable {
  var owner: String
  /// As given on the command line; nil when only the owner was named.
  var manifestPath: String?
  /// There is no inventory: nothing was applied since the host was started, or somebody removed it
  /// with all that is pinned beside it.
  var neverApplied: Bool
  /// Where it ought to be; empty = not known.
  var root = ""
  /// The drifted resources, by address; for each field `before` is what is found, `after` what was
  /// applied.
  var changes: [ResourceChange]
  var notes: [Note]
  var limitations: [String]
  var sensitive: Set<Address>

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
      out = "\(owner): \(style("not applied", .red)) since this host was started"
      out += report.root.isEmpty ? ".\n" : ", or \(visible(report.root)) was removed.\n"
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
    // What is gone altogether has no field that differs.
    if change.action != .create, change.action != .delete {
      let drifted = change.fields.filter {
        $0.cause != .config && !FieldText.isTacit($0, in: change)
      }
      let width = drifted.map { $0.field.count }.max() ?? 0
      for field in drifted {
        let shown: (SpecValue?) -> String = { value in
          value.map { FieldText.value($0, of: field.field) } ?? "nothing"
        }
        out += "      \(padded(visible(field.field), to: width)) : applied \(shown(field.after)), "
        out += "found \(shown(field.before))\n"
      }
    }
    if let entries = change.entries, !entries.changes.isEmpty {
      let hidden = report.sensitive.contains(change.address)
      for line in EntryText(entries, hidden: hidden, style: style).drifted() {
        out += "      \(line)\n"
      }
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
        report.changes.map { PlanJSON.drift($0, sensitive: report.sensitive) }),
      "notes": .list(report.notes.map(PlanJSON.note)),
    ])
  }
}
