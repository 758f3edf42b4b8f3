/// A number of the kernel's ABI that has a name in the field's vocabulary.
///
/// The set is open: a newer kernel reports values that this build has no name for, and they are
/// kept, compared and printed as numbers (`type 99`). Names are those that bpftool prints, and
/// values encode as their names.
public protocol KernelEnumeration: RawRepresentable, Hashable, Comparable, Sendable, Codable,
  CustomStringConvertible
where RawValue == UInt32 {
  /// The names, by value.
  static var names: [String] { get }
  init(rawValue: UInt32)
}

extension KernelEnumeration {
  /// The value with that name, or nil.
  public init?(name: String) {
    guard let index = Self.names.firstIndex(of: name) else { return nil }
    self.init(rawValue: UInt32(index))
  }

  public var description: String {
    Self.names.indices.contains(Int(rawValue)) ? Self.names[Int(rawValue)] : "type \(rawValue)"
  }

  /// `an array`, `a hash`, for sentences.
  public var withArticle: String {
    let name = description
    // The u of user_ringbuf sounds otherwise.
    return (name.first.map("aeio".contains) == true ? "an " : "a ") + name
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    if let known = Self(name: text) {
      self = known
    } else if text.hasPrefix("type "), let value = UInt32(text.dropFirst(5)) {
      self.init(rawValue: value)
    } else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "unknown \(Self.self) \(text)"))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
