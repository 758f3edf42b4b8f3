/// What a resource is called everywhere: in plans, messages, the inventory and on the command line.
///
/// `map.fw/blocklist`, `program.fw/xdp_filter`, `attachment.uplink`, `attachment.uplink/eth0`,
/// `pin.shared`. Ordered by kind (maps, programs, attachments, pins), then by name.
public enum Address: Hashable, Sendable {
  /// A REF: `NAME` or `OBJECT/NAME`.
  case map(String)
  case program(String)
  /// The instance tells apart the links of one attachment: an interface (`eth0`, `NETNS/eth0`) or
  /// a cgroup's path; nil for hooks that exist once.
  case attachment(String, instance: String?)
  case pin(String)
}

extension Address {
  /// What the kernel has for it; nil for a pin, which is of its target's kind.
  public var objectKind: ObjectKind? {
    switch self {
    case .map: .map
    case .program: .program
    case .attachment: .link
    case .pin: nil
    }
  }
}

extension Address: CustomStringConvertible, LosslessStringConvertible {
  public var description: String {
    switch self {
    case .map(let ref): "map.\(ref)"
    case .program(let ref): "program.\(ref)"
    case .attachment(let name, nil): "attachment.\(name)"
    case .attachment(let name, let instance?): "attachment.\(name)/\(instance)"
    case .pin(let name): "pin.\(name)"
    }
  }

  public init?(_ text: String) {
    guard let dot = text.firstIndex(of: ".") else { return nil }
    let rest = String(text[text.index(after: dot)...])
    guard !rest.isEmpty else { return nil }
    switch text[..<dot] {
    case "map": self = .map(rest)
    case "program": self = .program(rest)
    case "pin": self = .pin(rest)
    case "attachment":
      guard let slash = rest.firstIndex(of: "/") else {
        self = .attachment(rest, instance: nil)
        return
      }
      let instance = String(rest[rest.index(after: slash)...])
      guard slash != rest.startIndex, !instance.isEmpty else { return nil }
      self = .attachment(String(rest[..<slash]), instance: instance)
    default: return nil
    }
  }
}

extension Address: Comparable {
  private var kindOrder: Int {
    switch self {
    case .map: 0
    case .program: 1
    case .attachment: 2
    case .pin: 3
    }
  }

  /// What stands behind the kind; no new string for what has no instance, since plans sort often.
  private var name: String {
    switch self {
    case .map(let ref), .program(let ref): ref
    case .attachment(let name, let instance): instance.map { "\(name)/\($0)" } ?? name
    case .pin(let name): name
    }
  }

  public static func < (left: Address, right: Address) -> Bool {
    let (kind, other) = (left.kindOrder, right.kindOrder)
    return kind == other ? left.name < right.name : kind < other
  }
}

extension Address: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let address = Address(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not an address: \(text)"))
    }
    self = address
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
