internal import Planning

/// Collects what is found, up to a limit, so that one run shows all independent mistakes and a
/// file of garbage does not bury the terminal.
struct DiagnosticLog {
  static let limit = 50

  let file: String
  private(set) var errors: [Diagnostic] = []
  private(set) var warnings: [Diagnostic] = []
  private var omitted = 0

  init(file: String) { self.file = file }

  /// No further error would be shown: what only looks for more may stop.
  var isFull: Bool { errors.count >= Self.limit }

  mutating func add(_ diagnostic: Diagnostic) {
    guard diagnostic.severity == .error else {
      if warnings.count < Self.limit { warnings.append(diagnostic) }
      return
    }
    if isFull { omitted += 1 } else { errors.append(diagnostic) }
  }

  mutating func error(
    _ code: String, _ message: String, at position: Position?, hints: [String?] = [],
    related: [(String, Position)] = []
  ) {
    add(
      Diagnostic(
        code: code, message: message,
        location: position.map { SourceLocation(file: file, at: $0) },
        hints: hints.compactMap { $0 },
        related: related.map {
          Diagnostic.Related(message: $0.0, location: SourceLocation(file: file, at: $0.1))
        }))
  }

  mutating func warning(_ code: String, _ message: String, at position: Position?) {
    add(
      Diagnostic(
        code: code, severity: .warning, message: message,
        location: position.map { SourceLocation(file: file, at: $0) }))
  }

  /// Everything in the order of the file, or nil when there is no error.
  func failure() -> ManifestError? {
    guard !errors.isEmpty else { return nil }
    var all = (errors + warnings).enumerated().sorted { left, right in
      let a = (left.element.location?.line ?? 0, left.element.location?.column ?? 0, left.offset)
      let b = (right.element.location?.line ?? 0, right.element.location?.column ?? 0, right.offset)
      return a < b
    }.map(\.element)
    if omitted > 0 || isFull {
      all.append(
        Diagnostic(
          code: "more-errors", severity: .note,
          message: "only the first \(Self.limit) errors are shown"))
    }
    return ManifestError(all)
  }
}
