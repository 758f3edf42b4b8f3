public import Planning

/// One thing that is wrong, or worth knowing, about a manifest or a file that it names.
///
/// Encodes to JSON with the names of its properties; absent parts are left out.
public struct Diagnostic: Hashable, Sendable, Codable, Error {
  public enum Severity: String, Hashable, Sendable, Codable {
    case error, warning, note
  }

  /// A second place that explains the first: "first defined here".
  public struct Related: Hashable, Sendable, Codable {
    public var message: String
    public var location: SourceLocation

    public init(message: String, location: SourceLocation) {
      self.message = message
      self.location = location
    }
  }

  /// Stable and in kebab-case, for machines: `unknown-key`.
  public var code: String
  public var severity: Severity
  /// One sentence without a period.
  public var message: String
  /// Nil for what stands in no file, such as a variable on the command line.
  public var location: SourceLocation?
  /// What to do about it, each one line.
  public var hints: [String]
  public var related: [Related]

  public init(
    code: String, severity: Severity = .error, message: String, location: SourceLocation? = nil,
    hints: [String] = [], related: [Related] = []
  ) {
    self.code = code
    self.severity = severity
    self.message = message
    self.location = location
    self.hints = hints
    self.related = related
  }
}

/// A place in the manifest's own file, as compact as its values need it.
public struct Position: Hashable, Sendable {
  /// From 1.
  public var line: UInt32
  /// From 1, in Unicode scalars.
  public var column: UInt32
  public var length: UInt32

  public init(line: UInt32, column: UInt32, length: UInt32 = 1) {
    self.line = line
    self.column = column
    self.length = length
  }
}

/// A value that remembers where it was written.
public struct Located<Content> {
  public var value: Content
  public var at: Position

  public init(_ value: Content, at position: Position) {
    self.value = value
    self.at = position
  }
}

extension Located: Equatable where Content: Equatable {}
extension Located: Hashable where Content: Hashable {}
extension Located: Sendable where Content: Sendable {}

/// What is wrong with a manifest: at least one error, and the warnings found next to it.
public struct ManifestError: Error, Hashable, Sendable {
  /// In the order of the file.
  public var diagnostics: [Diagnostic]

  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}

extension SourceLocation {
  init(file: String, at position: Position) {
    self.init(
      file: file, line: Int(position.line), column: Int(position.column),
      length: Int(position.length))
  }
}
