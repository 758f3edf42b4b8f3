import Planning

extension Plan {
  /// The plan in a few lines, for golden texts: what changes and why, then the steps.
  func brief(steps withSteps: Bool = true) -> String {
    var lines: [String] = []
    for change in changes where change.action != .unchanged || !change.blocks.isEmpty {
      lines.append(change.brief)
      if ![.create, .delete].contains(change.action) {
        for field in change.fields { lines.append("  " + field.brief) }
      }
      if change.action != .create {
        for item in change.entries?.items() ?? [] {
          lines.append(
            "  [\(item.key ?? "")] \(item.before ?? "-") -> \(item.after ?? "-")")
        }
      }
      lines += change.consequences.map { "  ! \($0)" }
      for block in change.blocks {
        lines.append("  BLOCK \(block.code): \(block.message)")
        lines += block.hints.map { "    hint: \($0)" }
      }
    }
    lines += notes.map { "note \($0.code): \($0.message)" }
    lines += limitations.map { "limitation: \($0)" }
    if withSteps { lines += steps.map { "> \($0.brief)" } }
    return lines.joined(separator: "\n")
  }
}

extension ResourceChange {
  fileprivate var brief: String {
    let gap = leavesGap ? " (gap)" : ""
    return "\(action.rawValue)\(gap) \(address) [\(cause?.rawValue ?? "-")] \(reason ?? "-")"
  }
}

extension FieldDifference {
  fileprivate var brief: String {
    let force = forcesReplacement ? " !" : ""
    return
      "\(field): \(before?.description ?? "-") -> \(after?.description ?? "-") (\(cause))\(force)"
  }
}

extension Step {
  fileprivate var brief: String {
    switch self {
    case .createMap(let ref): "create map.\(ref)"
    case .fillReferences(let ref): "fill map.\(ref)"
    case .loadProgram(let ref): "load program.\(ref)"
    case .testProgram(let ref): "test program.\(ref)"
    case .writeIntent: "intent"
    case .stagePin(let address): "stage \(address)"
    case .createLink(let address): "link \(address)"
    case .updateLink(let address, _, _): "swap \(address)"
    case .recreateLink(let address, _): "relink \(address)"
    case .publishPin(let address): "publish \(address)"
    case .restorePin(let address, _): "restore pin \(address)"
    case .changeEntries(let ref): "entries map.\(ref)"
    case .setPinAttributes(let address): "chmod \(address)"
    case .freezeMap(let ref): "freeze map.\(ref)"
    case .detachLink(let address, _): "detach \(address)"
    case .clearReferences(let address): "clear \(address)"
    case .copyEntries(let ref, let source): "copy \(source) into map.\(ref)"
    case .mergeEntries(let ref, let source): "merge \(source) into map.\(ref)"
    case .completeMigration(let ref, let unfinished):
      "complete map.\(ref) from \(unfinished.source)"
    case .removePin(let address, let path): "unpin \(address) \(path)"
    case .removeLeftover(let path): "sweep \(path)"
    case .writeFinal: "final"
    case .removeInventory: "remove inventory"
    case .movePin(let address, let from, let to): "move \(address) \(from) \(to)"
    case .detachLegacy(let address, let program): "detach program \(program) \(address)"
    }
  }
}
