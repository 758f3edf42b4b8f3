/// A resource on its way into the plan: what changes, and what that takes.
struct Draft {
  /// What it takes, in no order: `StepOrder` puts the tasks of all resources in theirs.
  enum Task: Hashable {
    /// A new map or program is made (staging) and pinned.
    case createObject
    case fillReferences
    case createLink
    case updateLink(link: UInt32, expectedProgram: UInt32)
    case recreateLink(link: UInt32?)
    /// The new object takes its pin's place.
    case publishPin
    case restorePin(id: UInt32)
    /// A pin of ours is renamed.
    case movePin(from: String, to: String)
    /// What is attached without a link goes: before the new link is made, or after.
    case detachLegacy(program: UInt32, first: Bool)
    case changeEntries
    case setPinAttributes
    case freeze
    case detach(link: UInt32)
    case clearReferences
    /// The new map gets the contents of the live one.
    case migrate(source: UInt32)
    /// An earlier apply did not come to merge what was in that map.
    case completeMigration(UnfinishedMigration)
    case removePin(path: String)
  }

  var change: ResourceChange
  var goal: Goal?
  var last: AppliedResource?
  /// What is there, in the kernel's form; nil = nothing.
  var observed: Spec?
  /// The tag of the live program.
  var tag: String?
  var tasks: Set<Task> = []
  var reasons: [String] = []
  private var otherCauses: [Cause] = []

  init(_ address: Address, goal: Goal?, last: AppliedResource?) {
    change = ResourceChange(address: address, action: .unchanged)
    change.location = goal?.location
    self.goal = goal
    self.last = last
  }

  var address: Address { change.address }

  /// The apply makes a new kernel object for the address.
  var isNew: Bool { change.action == .create || change.action == .replace }

  /// What is done to the resource weighs more than what was found before: a replacement is not made
  /// an update again.
  mutating func become(_ action: Action, because reason: String? = nil, cause: Cause? = nil) {
    switch (change.action, action) {
    case (.unchanged, _), (.update, .replace), (.adopt, .replace): change.action = action
    default: break
    }
    if let reason, !reasons.contains(reason) { reasons.append(reason) }
    if let cause { otherCauses.append(cause) }
  }

  mutating func add(_ differences: [FieldDifference]) {
    change.fields = (change.fields + differences).sorted { $0.field < $1.field }
  }

  /// Why it is changed as it is, without where it comes from.
  var why: String? {
    reasons.dropFirst(change.adopts != nil || change.movedFrom != nil ? 1 : 0).first
  }

  var cause: Cause? { Comparison.combined(change.fields.map(\.cause) + otherCauses) }

  /// The change with reason and cause settled.
  var settled: ResourceChange {
    var change = change
    if change.action == .unchanged {
      change.fields = change.fields.filter { _ in !change.blocks.isEmpty }
    } else {
      change.reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
      change.cause = cause ?? .config
    }
    return change
  }
}
