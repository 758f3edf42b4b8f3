/// An applied change that is undone by itself unless somebody confirms it in time.
public struct PendingConfirmation: Hashable, Sendable, Codable {
  /// Milliseconds of CLOCK_BOOTTIME, which goes on while the host sleeps and which nobody sets.
  public var deadline: Int64

  public init(deadline: Int64) { self.deadline = deadline }

  public func isOverdue(at now: Int64) -> Bool { now >= deadline }
}

extension PinPath {
  /// Where the objects that an unconfirmed change replaced are kept, below the owner's directory.
  public static func formerRoot(_ root: String) -> String { "\(root)/former" }
}
