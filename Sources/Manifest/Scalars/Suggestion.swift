internal import BPFObject

/// The nearest known name, for "did you mean".
enum Suggestion {
  /// Candidates that are looked at: enough for every field and for the names of a real manifest.
  static let limit = 2000

  static func closest<Names: Sequence<String>>(to name: String, in candidates: Names) -> String? {
    suggestion(for: name, among: candidates.prefix(limit).filter { $0 != name })
  }

  static func hint<Names: Sequence<String>>(for name: String, in candidates: Names) -> String? {
    closest(to: name, in: candidates).map { "did you mean '\($0)'?" }
  }
}
