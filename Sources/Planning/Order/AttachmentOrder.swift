/// Where among the programs of its hook one is to run.
public enum AttachmentOrder: Hashable, Sendable {
  /// Before all others.
  case first
  /// After all others.
  case last
  /// Somewhere before and after certain others. What is not there constrains nothing.
  case relative(before: [OrderAnchor], after: [OrderAnchor])

  var anchors: [OrderAnchor] {
    switch self {
    case .first, .last: []
    case .relative(let before, let after): before + after
    }
  }
}

/// Another program on the same hook, as a manifest names it.
public enum OrderAnchor: Hashable, Sendable {
  /// Of the same manifest. Without an instance: the one on the same hook.
  case attachment(String, instance: String?)
  /// Wherever the manifest attaches it.
  case program(String)
  /// A pinned link or program.
  case pin(String)
  /// The kernel's name of somebody's program.
  case named(String)
  /// The kernel's id of somebody's program.
  case id(UInt32)

  /// `attachment.NAME[/INSTANCE]`, `program.REF`, an absolute path; nil for anything else.
  public init?(_ text: String) {
    if text.hasPrefix("/") {
      self = .pin(text)
      return
    }
    switch Address(text) {
    case .attachment(let name, let instance)?: self = .attachment(name, instance: instance)
    case .program(let ref)?: self = .program(ref)
    case .map?, .pin?, nil: return nil
    }
  }

  /// Of a program that is not the manifest's; digits are an id.
  public init(program text: String) {
    self = UInt32(text).map { .id($0) } ?? .named(text)
  }
}

extension OrderAnchor: CustomStringConvertible {
  private static let foreign = "program "

  public var description: String {
    switch self {
    case .attachment(let name, let instance):
      Address.attachment(name, instance: instance).description
    case .program(let ref): Address.program(ref).description
    case .pin(let path): path
    case .named(let name): OrderAnchor.foreign + name
    case .id(let id): OrderAnchor.foreign + String(id)
    }
  }

  /// What `description` said.
  init?(recorded text: String) {
    guard text.hasPrefix(OrderAnchor.foreign) else {
      self.init(text)
      return
    }
    self.init(program: String(text.dropFirst(OrderAnchor.foreign.count)))
  }
}

extension AttachmentOrder {
  static let field = "order"
  static let preorderField = "preorder"

  /// `first`, `last`, or a list of `before X` and `after X`.
  var specValue: SpecValue {
    switch self {
    case .first: "first"
    case .last: "last"
    case .relative(let before, let after):
      .list(before.map { .text("before \($0)") } + after.map { .text("after \($0)") })
    }
  }

  /// What a canonical spec says; nil where it says nothing.
  init?(spec: Spec) {
    switch spec[AttachmentOrder.field] {
    case .text("first")?: self = .first
    case .text("last")?: self = .last
    case .list(let values)?:
      var (before, after): ([OrderAnchor], [OrderAnchor]) = ([], [])
      for case .text(let text) in values {
        if text.hasPrefix("before "), let anchor = OrderAnchor(recorded: String(text.dropFirst(7)))
        {
          before.append(anchor)
        } else if text.hasPrefix("after "),
          let anchor = OrderAnchor(recorded: String(text.dropFirst(6)))
        {
          after.append(anchor)
        } else {
          return nil
        }
      }
      self = .relative(before: before, after: after)
    default: return nil
    }
  }
}

/// Who is next to a new link on a hook whose programs run in an order, the nearest first.
public struct LinkNeighbours: Hashable, Sendable {
  public enum Neighbour: Hashable, Sendable {
    case link(UInt32)
    /// Attached without a link.
    case program(UInt32)
    /// Of this manifest: the link that it has, or gets by the same apply.
    case attachment(Address)
  }
  /// Those that run earlier, and those that run later.
  public var behind: [Neighbour]
  public var before: [Neighbour]
  /// Nobody, not even who comes at the same moment, is to be before it, or behind it.
  public var isFirst: Bool
  public var isLast: Bool
}
