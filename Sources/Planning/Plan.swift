/// What happens to a resource. A closed set: every view and every policy can name all of them.
public enum Action: String, Hashable, Sendable, Codable, CaseIterable {
  case unchanged, create, update, replace, delete, adopt, forget
}

/// What would change, why, and by which steps: the result of `plan(desired:observed:)`.
///
/// Pure data, the same bytes for the same two sides. It renders nothing and decides nothing later.
public struct Plan: Hashable, Sendable {
  public var owner: String
  /// Every resource of either side, unchanged ones too, by address.
  public var changes: [ResourceChange]
  /// What an apply executes, in order.
  public var steps: [Step]
  /// What a reader should know although nothing is done about it (a foreign program on the same
  /// hook, leftovers of an interrupted apply).
  public var notes: [Note]
  /// Why the plan may not be the whole truth; empty = complete.
  public var limitations: [String]
  /// `plan:` and hex: addresses, actions, spec digests and observed identity (tag, spec); never ids
  /// or times.
  public var fingerprint: String

  public init(owner: String) {
    self.owner = owner
    changes = []
    steps = []
    notes = []
    limitations = []
    fingerprint = ""
  }

  public var isEmpty: Bool { changes.allSatisfy { $0.action == .unchanged } && steps.isEmpty }
  public var isApplicable: Bool { changes.allSatisfy { $0.blocks.isEmpty } }
  /// The resources that are not as last applied, by somebody else's doing.
  public var drifted: [ResourceChange] {
    changes.filter { $0.cause == .drift || $0.cause == .both }
  }
}

public struct ResourceChange: Hashable, Sendable {
  public var address: Address
  public var action: Action
  /// In words, without a period: "max_entries cannot be changed in place". nil for unchanged.
  public var reason: String?
  /// nil for unchanged.
  public var cause: Cause?
  /// By field name; for create and delete, all fields of the spec.
  public var fields: [FieldDifference]
  public var entries: EntryChanges?
  /// Of a map that is replaced and keeps its contents: how.
  public var migration: MapMigration?
  /// What is lost or interrupted: "its 4 entries are lost", "the hook is empty for a moment".
  public var consequences: [String]
  /// Next to whom on the hook a new link goes; nil = the kernel decides.
  public var neighbours: LinkNeighbours?
  /// What becomes ours by this change. The action is `adopt`, or `replace` where it cannot stay.
  public var adopts: Adoption?
  /// The address that it was applied under.
  public var movedFrom: Address?
  /// The replacement leaves a hook empty for a moment (rendered `-/+`).
  public var leavesGap: Bool
  /// Why this must not be done as things are; each with the ways out. Not empty = not applicable.
  public var blocks: [Block]
  /// The kernel's id of the live object, if there is one.
  public var liveID: UInt32?
  public var location: SourceLocation?

  public init(address: Address, action: Action) {
    self.address = address
    self.action = action
    fields = []
    consequences = []
    leavesGap = false
    blocks = []
  }
}

/// A guard or a conflict that stands against a change.
public struct Block: Hashable, Sendable, Codable {
  /// Stable: `replace-refused`, `protected`, `foreign-pin`, `gap-not-allowed`, `missing-target` …
  public var code: String
  public var message: String
  public var hints: [String]

  public init(code: String, message: String, hints: [String] = []) {
    self.code = code
    self.message = message
    self.hints = hints
  }
}

public struct Note: Hashable, Sendable, Codable {
  public var code: String
  public var address: Address?
  public var message: String

  public init(code: String, address: Address? = nil, message: String) {
    self.code = code
    self.address = address
    self.message = message
  }
}

/// The differing entries of a map, by ascending key; of a new map what it begins with.
public struct EntryChanges: Hashable, Sendable {
  /// As many entries of a new map are listed.
  public static let listed = 1000

  public var changes: [EntryChange]
  /// Further entries of a new map that are not in the list.
  public var omitted: Int
  /// How they are written.
  public var notation: EntryNotation

  public init(
    _ changes: [EntryChange], omitted: Int = 0, notation: EntryNotation = EntryNotation()
  ) {
    self.changes = changes
    self.omitted = omitted
    self.notation = notation
  }
}

public struct EntryChange: Hashable, Sendable {
  public var key: [UInt8]
  /// As observed (all CPUs' values for per-CPU maps); nil = not there.
  public var before: [UInt8]?
  /// As desired, with the indexes of the interfaces that it names; nil = to be deleted. Zeros where
  /// the descriptor of a referenced object goes.
  public var after: [UInt8]?
  /// What the declared value refers to.
  public var references: [EntryReference]
  /// In words, where the bytes do not tell: what a slot refers to.
  public var beforeText: String?
  public var afterText: String?

  public init(key: [UInt8], before: [UInt8]?, after: [UInt8]?) {
    self.key = key
    self.before = before
    self.after = after
    references = []
  }

  /// The program or map whose descriptor goes into the value, and where.
  public var target: (address: Address, offset: Int)? {
    for reference in references {
      if let address = reference.address { return (address, reference.offset) }
    }
    return nil
  }
}
