import Planning

/// The mark in front of a change, as Terraform's users know it.
enum ChangeSymbol: String, CaseIterable {
  case create = "+"
  case update = "~"
  case replace = "+/-"
  case replaceThroughGap = "-/+"
  case delete = "-"
  case adopt = "="
  case forget = "."
  case unchanged = " "

  init(_ change: ResourceChange) {
    self =
      switch change.action {
      case .unchanged: .unchanged
      case .create: .create
      case .update: change.leavesGap ? .replaceThroughGap : .update
      case .replace: change.leavesGap ? .replaceThroughGap : .replace
      case .delete: .delete
      case .adopt: .adopt
      case .forget: .forget
      }
  }

  /// What it stands for, for the legend.
  var meaning: String {
    switch self {
    case .create: "create"
    case .update: "update in place"
    case .replace: "replace: the new one takes over, then the old one goes"
    case .replaceThroughGap: "replace through a moment of an empty hook"
    case .delete: "delete"
    case .adopt: "adopt: what is there becomes ours"
    case .forget: "forget: left as it is, no longer ours"
    case .unchanged: "unchanged"
    }
  }

  var colour: Style.Colour {
    switch self {
    case .create: .green
    case .update, .replace: .yellow
    case .replaceThroughGap, .delete: .red
    case .adopt, .forget: .cyan
    case .unchanged: .faint
    }
  }

  /// Right-aligned to three columns.
  var column: String { String(repeating: " ", count: 3 - rawValue.count) + rawValue }
}

extension ResourceChange {
  /// `map.fw/blocklist will be replaced`.
  var headline: String {
    if let origin = movedFrom, action == .update { return "\(origin) is now \(address)" }
    if adopts != nil, action == .replace { return "\(address) will be adopted and replaced" }
    let fate =
      switch action {
      case .unchanged: blocks.isEmpty ? "is unchanged" : "stays as it is"
      case .create: "will be created"
      case .update: "will be updated in place"
      case .replace: "will be replaced"
      case .delete: "will be deleted"
      case .adopt: "will be adopted"
      case .forget: "will be left alone from now on"
      }
    return "\(address) \(fate)"
  }

  /// The reason with who caused it, for parentheses.
  var explanation: String? {
    let prefix: String? =
      switch cause {
      case .drift: "drift"
      case .both: "config and drift"
      case .config, nil: nil
      }
    return switch (prefix, reason) {
    case (let prefix?, let reason?): "\(prefix): \(reason)"
    case (let one?, nil), (nil, let one?): one
    case (nil, nil): nil
    }
  }
}
