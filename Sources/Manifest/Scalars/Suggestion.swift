/// The nearest known name, for "did you mean".
enum Suggestion {
  /// The candidate with the fewest edits, if they are few for its length; ties go to the first.
  static func closest<Names: Sequence<String>>(to name: String, in candidates: Names) -> String? {
    let wanted = Array(name.lowercased().utf8)
    guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
    var best: (name: String, distance: Int)?
    // Enough for every field and for the names of a real manifest; bounds hostile ones.
    for candidate in candidates.prefix(2000) where candidate != name {
      let bytes = Array(candidate.lowercased().utf8)
      guard bytes.count <= 64 else { continue }
      let allowed = max(1, min(wanted.count, bytes.count) / 3)
      guard abs(bytes.count - wanted.count) <= allowed else { continue }
      let distance = edits(wanted, bytes)
      if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
  }

  static func hint<Names: Sequence<String>>(for name: String, in candidates: Names) -> String? {
    closest(to: name, in: candidates).map { "did you mean '\($0)'?" }
  }

  /// Insertions, deletions, substitutions and swaps of neighbours.
  private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
      var current = [i + 1]
      current.reserveCapacity(b.count + 1)
      for j in b.indices {
        var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        current.append(cost)
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }
}
