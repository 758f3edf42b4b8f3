import Planning

/// A plan with what its views need to know besides it.
struct PlanView: Sendable {
  var plan: Plan
  /// The manifest as it was named on the command line; nil for a plan without one.
  var manifestPath: String?
  /// The SHA-256 of the manifest's bytes, in hex.
  var manifestDigest: String?
  /// Maps whose contents are never printed.
  var sensitive: Set<Address> = []

  /// Changes that are shown: all but what stays as it is and has nothing against it.
  var shown: [ResourceChange] {
    plan.changes.filter { $0.action != .unchanged || !$0.blocks.isEmpty }
  }

  /// `3 to create, 1 to replace`; nil when no resource changes.
  var summary: String? {
    let parts = [
      (Action.create, "to create"), (.update, "to update"), (.replace, "to replace"),
      (.delete, "to delete"), (.adopt, "to adopt"), (.forget, "to forget"),
    ].compactMap { action, words -> String? in
      let count = plan.changes.count { $0.action == action }
      return count > 0 ? "\(count) \(words)" : nil
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  var blockedCount: Int { plan.changes.count { !$0.blocks.isEmpty } }
}
