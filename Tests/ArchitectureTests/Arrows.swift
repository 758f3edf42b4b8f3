/// The table "Arrows" of Sources/README.md: what each target may import.
struct Arrows {
  /// Target → modules, ours and others.
  var allowed: [String: Set<String>] = [:]

  /// Reads the rows below the heading `## Arrows`. Modules stand in backquotes: the target in the
  /// first column, what it may import in the last two.
  init(readme: String) {
    var inSection = false
    for line in readme.split(separator: "\n") {
      if line.hasPrefix("#") { inSection = line == "## Arrows" }
      guard inSection, line.hasPrefix("| `") else { continue }
      let columns = Array(line.split(separator: "|", omittingEmptySubsequences: false))
      guard columns.count == 6, let target = quoted(columns[1]).first else { continue }
      allowed[target] = Set(columns[3...4].flatMap(quoted))
    }
  }
}

/// The texts between backquotes.
private func quoted(_ text: Substring) -> [String] {
  text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
    .filter { $0.offset % 2 == 1 }.map { String($0.element) }
}
