/// A value as a person writes it in YAML, JSON or CSV, before it is known what type it must have.
///
/// Scalars keep their text: what `0x0a` or `on` mean is decided by the type that they stand in.
public indirect enum Value: Hashable, Sendable {
  case null
  /// `plain` is false for a quoted YAML scalar or a JSON string: that never means a number.
  case scalar(String, plain: Bool)
  case list([Value])
  case record([Member])

  public struct Member: Hashable, Sendable {
    public var name: String
    public var value: Value
    public init(name: String, value: Value) {
      self.name = name
      self.value = value
    }
  }
}

/// Where in a nested `Value` something is: member names and list indexes, outermost first.
public enum ValuePathStep: Hashable, Sendable {
  case member(String)
  case index(Int)
}

/// A `Value` that does not fit the type that it stands in.
public struct ValueError: Error, Hashable, Sendable {
  public var path: [ValuePathStep]
  /// One sentence without a period: "300 is out of range for u8 (0 to 255)".
  public var message: String
  /// The way out, if one is known: "did you mean 'prefixlen'?".
  public var hint: String?

  public init(path: [ValuePathStep] = [], message: String, hint: String? = nil) {
    self.path = path
    self.message = message
    self.hint = hint
  }
}
