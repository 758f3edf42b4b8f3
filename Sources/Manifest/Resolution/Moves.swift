internal import Planning

/// What was applied and is called otherwise or given up now: the old address is not declared any
/// more, the new one is.
extension Resolver {
  mutating func resolveMoves() {
    guard !manifest.moves.isEmpty || !manifest.forgotten.isEmpty else { return }
    // What could not be resolved has been reported, and may be what a move names.
    guard log.errors.isEmpty else { return }
    let templates = selections.map(\.template) + everyCPU
    let declared = Declared(
      maps.keys.map { .map($0) } + programs.keys.map { .program($0) }
        + (attachments + templates).map(\.address) + pins.map { .pin($0.name) },
      selected: Set(templates.map(\.name)))
    var targets: [Address: Position] = [:]
    for move in manifest.moves {
      if move.from.value.kind != move.to.value.kind || move.from.value.form != move.to.value.form {
        log.error(
          "invalid-move", "\(move.from.value) cannot become \(move.to.value)", at: move.to.at,
          hints: ["a resource stays of its kind; attachments move with or without an instance"])
      } else if declared.has(move.from.value) {
        log.error(
          "moved-and-declared", "\(move.from.value) is moved, and is declared as well",
          at: move.from.at, hints: ["remove what declares it, or the move"])
      } else if !declared.has(move.to.value) {
        log.error(
          "unknown-address", "\(move.to.value), which \(move.from.value) moves to, is not declared",
          at: move.to.at, hints: [declared.suggestion(for: move.to.value)])
      } else if let first = targets.updateValue(move.to.at, forKey: move.to.value) {
        log.error(
          "duplicate-move", "two addresses move to \(move.to.value)", at: move.to.at,
          related: [("the other one", first)])
      } else {
        moves.append(
          Move(from: move.from.value, to: move.to.value, location: location(move.from.at)))
      }
    }
    for address in manifest.forgotten {
      if declared.has(address.value) {
        log.error(
          "forgotten-and-declared", "\(address.value) is given up, and is declared as well",
          at: address.at, hints: ["remove what declares it, or take it off the list"])
      } else if manifest.moves.contains(where: { $0.from.value == address.value }) {
        log.error(
          "forgotten-and-moved", "\(address.value) is given up, and is moved as well",
          at: address.at)
      } else {
        forgotten.insert(address.value)
      }
    }
  }
}

/// The addresses of a manifest; an attachment goes by its name alone as well.
private struct Declared {
  private var addresses: Set<Address>
  /// Attachments whose instances are not known beforehand.
  private var selected: Set<String>

  init(_ all: [Address], selected: Set<String>) {
    self.selected = selected
    addresses = Set(all)
    for case .attachment(let name, _?) in all {
      addresses.insert(.attachment(name, instance: nil))
    }
  }

  func has(_ address: Address) -> Bool {
    if case .attachment(let name, _?) = address, selected.contains(name) { return true }
    return addresses.contains(address)
  }

  func suggestion(for address: Address) -> String? {
    Suggestion.hint(
      for: address.description,
      in: addresses.filter { $0.kind == address.kind }.map(\.description).sorted())
  }
}

extension Address {
  fileprivate var kind: String {
    switch self {
    case .map: "map"
    case .program: "program"
    case .attachment: "attachment"
    case .pin: "pin"
    }
  }

  /// Whether it names an instance.
  fileprivate var form: Bool {
    if case .attachment(_, _?) = self { true } else { false }
  }
}
