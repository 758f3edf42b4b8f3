/// One field's value in a canonical spec.
public enum SpecValue: Hashable, Sendable {
  case bool(Bool)
  case number(UInt64)
  case text(String)
  case list([SpecValue])
}

/// The canonical description of a resource: field name → value.
///
/// One shape for the three sides of a comparison (last applied, desired, observed), so that a
/// difference is found, attributed and printed in one way for every kind of resource. Field names
/// are the manifest's, dotted where nested (`pin.mode`). The same on every host: no ids, no
/// kernel-specific numbers.
public struct Spec: Hashable, Sendable {
  public var fields: [String: SpecValue]

  public init(_ fields: [String: SpecValue] = [:]) { self.fields = fields }

  public subscript(name: String) -> SpecValue? {
    get { fields[name] }
    set { fields[name] = newValue }
  }
}

extension SpecValue: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bool(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): value
    case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    }
  }
}

extension SpecValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: UInt64) { self = .number(value) }
}

extension SpecValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Texts first: there are most of them, and each wrong guess costs an error.
    if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .number(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else {
      self = .list(try container.decode([SpecValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    }
  }
}

/// A spec is written as one text (`SpecText`).
extension Spec: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let spec = Spec(text: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a spec")
    }
    self = spec
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// Who made a difference: the three-way comparison of last applied, desired and observed.
public enum Cause: String, Hashable, Sendable, Codable {
  /// The manifest changed; the kernel is as it was last applied (or was never applied).
  case config
  /// The kernel changed behind the manifest's back.
  case drift
  /// Both did.
  case both
}

/// A field that is not as desired. nil = absent on that side.
public struct FieldDifference: Hashable, Sendable, Codable {
  public var field: String
  public var before: SpecValue?
  public var after: SpecValue?
  public var cause: Cause
  /// This field cannot be changed in place.
  public var forcesReplacement: Bool

  public init(
    field: String, before: SpecValue?, after: SpecValue?, cause: Cause,
    forcesReplacement: Bool = false
  ) {
    self.field = field
    self.before = before
    self.after = after
    self.cause = cause
    self.forcesReplacement = forcesReplacement
  }
}
