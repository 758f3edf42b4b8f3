import Planning

/// How the fields of a spec are shown to people.
enum FieldText {
  /// A value as it would stand in the manifest; permission bits in octal, digests cut.
  static func value(_ value: SpecValue, of field: String) -> String {
    switch value {
    case .number(let bits) where field.hasSuffix("mode"):
      return "0" + String(bits, radix: 8)
    case .text(let text) where field.hasSuffix("digest") && text.utf8.count > 16:
      return visible(String(text.prefix(12))) + "…"
    case .text(""): return "\"\""
    default: return visible(value.description)
    }
  }

  static let sensitive = "(sensitive)"

  /// A default of what is created or deleted as a whole, which nobody wrote down.
  private static func isTacit(_ field: FieldDifference, in change: ResourceChange) -> Bool {
    guard change.action == .create || change.action == .delete else { return false }
    return switch (field.field, field.before ?? field.after) {
    case ("pin.mode", .number(0o600)), ("pin.owner", .number(0)), ("pin.group", .number(0)),
      ("protect", .bool(false)), ("exclusive", .bool(false)), ("freeze", .bool(false)),
      ("map_flags", .list([])), ("netns", .text("own")):
      true
    default: false
    }
  }

  /// The fields of a change, aligned: `~ max_entries = 1000 -> 100000  # forces replacement`.
  static func lines(_ change: ResourceChange, hidden: Bool, style: Style) -> [String] {
    let fields = change.fields.filter { !isTacit($0, in: change) }
    let width = fields.map { $0.field.count }.max() ?? 0
    return fields.map { field in
      let shown: (SpecValue) -> String = { value in
        hidden && field.field == "entries.digest" ? sensitive : self.value(value, of: field.field)
      }
      let name = padded(visible(field.field), to: width)
      var line: String
      switch (field.before, field.after) {
      case (let before?, let after?):
        line = "\(style("~", .yellow)) \(name) = \(shown(before)) -> \(shown(after))"
      case (nil, let after?): line = "\(style("+", .green)) \(name) = \(shown(after))"
      case (let before?, nil): line = "\(style("-", .red)) \(name) = \(shown(before))"
      case (nil, nil): line = "  \(name)"
      }
      // Where all of it is drift, the headline has said so.
      switch change.cause == .drift ? .config : field.cause {
      case .drift: line += " (drift)"
      case .both: line += " (config and drift)"
      case .config: break
      }
      if field.forcesReplacement { line += style("  # forces replacement", .red) }
      return line
    }
  }
}

/// The changed entries of a map, by key.
enum EntryText {
  /// How many entries of one map are listed.
  static let limit = 10

  static func lines(
    _ entries: EntryChanges, hidden: Bool, notation: EntryNotation, style: Style
  ) -> [String] {
    var lines = [summary(entries)]
    if hidden {
      lines[0] += " \(FieldText.sensitive)"
      return lines
    }
    for entry in entries.changes.prefix(limit) {
      lines.append("  " + line(entry, notation, style))
    }
    if entries.changes.count > limit {
      lines.append("  … and \(entries.changes.count - limit) more")
    }
    return lines
  }

  static func counts(_ entries: EntryChanges) -> (added: Int, changed: Int, removed: Int) {
    var counts = (added: 0, changed: 0, removed: 0)
    for entry in entries.changes {
      if entry.before == nil {
        counts.added += 1
      } else if entry.after == nil {
        counts.removed += 1
      } else {
        counts.changed += 1
      }
    }
    return counts
  }

  private static func summary(_ entries: EntryChanges) -> String {
    let counts = counts(entries)
    let parts = [
      (counts.added, "to add"), (counts.changed, "to change"), (counts.removed, "to remove"),
    ]
    return "entries: "
      + parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  private static func line(
    _ entry: EntryChange, _ notation: EntryNotation, _ style: Style
  ) -> String {
    let key = visible(notation.keyText(entry))
    let before = notation.beforeText(entry).map(visible)
    let after = notation.afterText(entry).map(visible)
    return switch (before, after) {
    case (let before?, let after?): "\(style("~", .yellow)) \(key) = \(before) -> \(after)"
    case (nil, let after?): "\(style("+", .green)) \(key) = \(after)"
    case (let before?, nil): "\(style("-", .red)) \(key) = \(before)"
    case (nil, nil): "  \(key)"
    }
  }
}
