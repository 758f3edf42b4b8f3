internal import BPFObject

/// A function of another program, which the program takes the place of (freplace).
///
/// The kernel lets one program at a time replace a function, for as long as the link lives; the link
/// can neither be updated nor detached. The place goes with the program that the function is of: one
/// that is loaded anew has all of its own functions.
public struct ExtensionHook: Hashable, Sendable, Codable {
  public var target: ExtensionTarget
  /// A global function.
  public var function: String

  public init(target: ExtensionTarget, function: String) {
    self.target = target
    self.function = function
  }
}

/// Whose function an extension takes the place of.
public enum ExtensionTarget: Hashable, Sendable, Codable {
  /// A REF.
  case program(String)
  /// The pin of a program that somebody else loaded.
  case pin(String)

  /// `program.fw/filter`, or an absolute path.
  public init?(_ text: String) {
    if text.hasPrefix("/") {
      self = .pin(text)
    } else if case .program(let ref)? = Address(text) {
      self = .program(ref)
    } else {
      return nil
    }
  }

  public var text: String {
    switch self {
    case .program(let ref): Address.program(ref).description
    case .pin(let path): path
    }
  }
}

extension ExtensionHook: HookFamily {
  static let name = "freplace"

  var spec: Spec {
    Spec([
      "hook": .text(Self.name), "target": .text(target.text), "function": .text(function),
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let target = spec.text("target").flatMap(ExtensionTarget.init),
      let function = spec.text("function")
    else { return nil }
    return .extension(ExtensionHook(target: target, function: function))
  }

  var phrase: String { "function \(function) of \(target.text)" }
  var gap: String { "\(phrase) is not replaced for a moment" }
  var kind: HookKind { HookKind(linkTypes: [.tracing], holdsOne: true) }
  /// Whoever could load the program may attach it.
  var capability: String? { nil }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    // Before 5.13 the kernel does not tell.
    case .tracing(_, let id, _): link.type == .tracing && (id == 0 || UInt64(id) == targetID)
    case .other: true
    default: false
    }
  }
}

extension ObservedLink {
  /// The program whose function the link's program may have replaced; nil where the kernel does not
  /// tell, or it is no such link.
  public var extendedProgramID: UInt32? {
    if case .tracing(_, let id, _) = target, type == .tracing, id != 0 { id } else { nil }
  }
}

extension Situation {
  /// The extensions of a program of the manifest: what attaches them, and where.
  func extensions(of ref: String) -> [Goal] {
    sortedGoals.filter { goal in
      guard case .attachment = goal.address,
        case .extension(let hook)? = Hook(spec: goal.spec)
      else { return false }
      return hook.target == .program(ref)
    }
  }
}
