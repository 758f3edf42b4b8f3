import Planning

/// The differing entries (or global variables) of a map, by key.
struct EntryText {
  /// How many of one map are listed.
  static let limit = 10

  var entries: EntryChanges
  /// Their number is told, and nothing else.
  var hidden: Bool
  var style: Style

  init(_ entries: EntryChanges, hidden: Bool, style: Style) {
    self.entries = entries
    self.hidden = hidden || entries.notation.isSensitive
    self.style = style
  }

  /// What is to be done to them, for plans.
  func planned() -> [String] {
    let counts = entries.counts
    return lines(
      [(counts.added, "to add"), (counts.changed, "to change"), (counts.removed, "to remove")]
    ) { item in
      let (before, after) = (item.before.map(visible), item.after.map(visible))
      return switch (before, after) {
      case (let before?, let after?): mark("~", .yellow, item.key, "\(before) -> \(after)")
      case (nil, let after?): mark("+", .green, item.key, after)
      case (let before?, nil): mark("-", .red, item.key, before)
      case (nil, nil): mark(" ", .faint, item.key, "")
      }
    }
  }

  /// What was done to them behind the manifest's back: `before` is found, `after` was applied.
  func drifted() -> [String] {
    let counts = entries.counts
    return lines(
      [(counts.added, "deleted"), (counts.changed, "changed"), (counts.removed, "added")]
    ) { item in
      let key = item.key.map { entries.notation.isData ? visible($0) : "key \(visible($0))" }
      let subject = key ?? "entry"
      let (found, applied) = (item.before.map(visible), item.after.map(visible))
      return switch (found, applied) {
      case (let found?, let applied?):
        "\(style("~", .yellow)) \(subject) changed, was \(applied), is \(found)"
      case (nil, let applied?): "\(style("-", .red)) \(subject) deleted, was \(applied)"
      case (let found?, nil): "\(style("+", .green)) \(subject) added, is \(found)"
      case (nil, nil): "  \(subject)"
      }
    }
  }

  private func lines(
    _ counts: [(Int, String)], _ line: (EntryItem) -> String
  ) -> [String] {
    let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    var lines = ["\(entries.noun): " + parts.joined(separator: ", ")]
    if hidden {
      lines[0] += " \(FieldText.sensitive)"
      return lines
    }
    lines += entries.items(limit: EntryText.limit).map { "  " + line($0) }
    let total = counts.reduce(0) { $0 + $1.0 }
    if total > EntryText.limit { lines.append("  … and \(total - EntryText.limit) more") }
    return lines
  }

  private func mark(_ mark: String, _ colour: Style.Colour, _ key: String?, _ value: String)
    -> String
  {
    "\(style(mark, colour)) \(key.map { visible($0) + " = " } ?? "")\(value)"
  }
}
