import Planning

/// How the fields of a spec are shown to people.
enum FieldText {
  /// A value as it would stand in the manifest; permission bits in octal, digests cut.
  static func value(_ value: SpecValue, of field: String) -> String {
    switch value {
    case .number(let bits) where field.hasSuffix("mode"):
      return "0" + String(bits, radix: 8)
    case .number(let family) where field == "pf":
      return NetfilterHook.name(protocolFamily: family) ?? String(family)
    case .number(let hook) where field == "hook_number":
      return NetfilterHook.name(hook: hook) ?? String(hook)
    case .text(let text) where field.hasSuffix("digest") && text.utf8.count > 16:
      return visible(String(text.prefix(12))) + "…"
    case .text(""): return "\"\""
    default: return visible(value.description)
    }
  }

  static let sensitive = "(sensitive)"

  /// Says nothing to people: a digest of entries, and defaults of what is created or deleted as a
  /// whole, which nobody wrote down.
  static func isTacit(_ field: FieldDifference, in change: ResourceChange) -> Bool {
    if field.field == "entries.digest" { return true }
    guard change.action == .create || change.action == .delete else { return false }
    return switch (field.field, field.before ?? field.after) {
    case ("pin.path", .text(let path)): PinPath.isDefault(path, of: change.address)
    case (let name, .text(let ref)) where name.hasPrefix("maps."):
      isOwnMap(String(name.dropFirst(5)), ref, of: change.address)
    case ("pin.mode", .number(0o600)), ("pin.owner", .number(0)), ("pin.group", .number(0)),
      ("protect", .bool(false)), ("exclusive", .bool(false)), ("freeze", .bool(false)),
      ("map_flags", .list([])), ("netns", .text("own")):
      true
    default: false
    }
  }

  /// Whether a program's map is the one of its own object, as when nothing is bound.
  private static func isOwnMap(_ map: String, _ ref: String, of address: Address) -> Bool {
    guard case .program(let program) = address, let slash = program.firstIndex(of: "/") else {
      return false
    }
    return ref == program[...slash] + map
  }

  /// The fields of a change, aligned: `~ max_entries = 1000 -> 100000  # forces replacement`.
  static func lines(_ change: ResourceChange, style: Style) -> [String] {
    let fields = change.fields.filter { !isTacit($0, in: change) }
    let width = fields.map { $0.field.count }.max() ?? 0
    return fields.map { field in
      let shown: (SpecValue) -> String = { self.value($0, of: field.field) }
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
