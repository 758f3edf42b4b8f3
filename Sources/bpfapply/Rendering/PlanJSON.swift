import Planning

/// A plan as versioned JSON, with Terraform's names where they fit.
///
/// `before` and `after` hold the fields that differ; for a creation and a deletion all fields.
struct PlanJSON {
  /// Changed when a reader of the old shape would misread the new one.
  static let formatVersion = "1.0"

  var view: PlanView

  /// What the plan was made from, in a plan that can be applied.
  var inputs: JSON?

  init(_ view: PlanView, inputs: JSON? = nil) {
    self.view = view
    self.inputs = inputs
  }

  func render() -> String { json.document }

  var json: JSON {
    let plan = view.plan
    return .members([
      "format_version": .text(Self.formatVersion),
      "bpfapply_version": .text(BPFApply.version),
      "owner": .text(plan.owner),
      "manifest": view.manifestPath.map { path in
        .members(["path": .text(path), "sha256": view.manifestDigest.map { .text($0) }])
      },
      "complete": .bool(plan.limitations.isEmpty),
      "applyable": .bool(plan.isApplicable && !plan.isEmpty),
      "blocked": .bool(!plan.isApplicable),
      "fingerprint": .text(plan.fingerprint),
      "limitations": .texts(plan.limitations),
      "resource_changes": .list(plan.changes.map(resourceChange)),
      "resource_drift": .list(plan.drifted.map { Self.drift($0, sensitive: view.sensitive) }),
      "notes": .list(plan.notes.map(Self.note)),
      "steps": .list(plan.steps.map(\.json)),
      "inputs": inputs,
    ])
  }

  static func note(_ note: Note) -> JSON {
    .members([
      "code": .text(note.code), "address": note.address.map { .text($0.description) },
      "message": .text(note.message),
    ])
  }

  private func resourceChange(_ change: ResourceChange) -> JSON {
    .members([
      "address": .text(change.address.description),
      "previous_address": change.movedFrom.map { .text($0.description) },
      "type": .text(change.address.kind),
      "id": change.liveID.map { .number(UInt64($0)) },
      "change": self.change(change),
      "action_reason": change.reason.map { .text($0) },
      "cause": change.cause.map { .text($0.rawValue) },
      "causes": change.fields.isEmpty || change.cause == nil || change.cause == .config
        ? nil
        : .object(change.fields.map { .init(name: $0.field, value: .text($0.cause.rawValue)) }),
      "leaves_gap": change.leavesGap ? true : nil,
      "consequences": change.consequences.isEmpty ? nil : .texts(change.consequences),
      "blocks": change.blocks.isEmpty
        ? nil
        : .list(
          change.blocks.map {
            .members([
              "code": .text($0.code), "message": .text($0.message), "hints": .texts($0.hints),
            ])
          }),
      "location": change.location.map(Self.location),
    ])
  }

  func change(_ change: ResourceChange) -> JSON {
    let hidden = view.sensitive.contains(change.address)
    let forcing = change.fields.filter(\.forcesReplacement)
    return .members([
      "actions": .texts(change.actionNames),
      "before": change.action == .create ? .null : Self.fields(change, hidden, \.before),
      "after": change.action == .delete ? .null : Self.fields(change, hidden, \.after),
      "importing": change.adopts.map {
        .members([
          "id": .number(UInt64($0.id)), "kind": .text($0.kind.rawValue),
          "pin": $0.path.map { .text($0) },
        ])
      },
      "replace_paths": forcing.isEmpty ? nil : .list(forcing.map { .texts([$0.field]) }),
      "entries": change.entries.map { Self.entries($0, hidden: hidden) },
      "migration": change.migration.map(Self.migration),
      "sensitive": hidden ? true : nil,
    ])
  }

  private static func migration(_ migration: MapMigration) -> JSON {
    .members([
      "from": .number(UInt64(migration.source)),
      "fields": .list(
        migration.fields.map {
          .members([
            "field": .text($0.name), "fate": .text($0.fate.rawValue), "type": .text($0.types),
          ])
        }),
      "summed": .texts(migration.sums),
      "not_waited_for": migration.unguarded.isEmpty
        ? nil : .texts(migration.unguarded.map(\.description)),
    ])
  }

  /// What became of a resource behind the manifest's back: `before` is as it was last applied (not
  /// known for a field that the manifest changed too), `after` as it is found.
  static func drift(_ change: ResourceChange, sensitive: Set<Address>) -> JSON {
    let hidden = sensitive.contains(change.address)
    let drifted = change.fields.filter { $0.cause != .config }
    let found = drifted.map {
      JSON.Member(name: $0.field, value: value($0.before, of: $0.field, hidden: hidden))
    }
    let applied = drifted.filter { $0.cause == .drift }.map {
      JSON.Member(name: $0.field, value: value($0.after, of: $0.field, hidden: hidden))
    }
    let gone = change.action == .create
    return .members([
      "address": .text(change.address.description),
      "type": .text(change.address.kind),
      "id": change.liveID.map { .number(UInt64($0)) },
      "change": .members([
        "actions": .texts([gone ? "delete" : change.action == .delete ? "create" : "update"]),
        "before": change.action == .delete ? .null : .object(applied),
        "after": gone ? .null : .object(found),
        "entries": change.entries.map { driftedEntries($0, hidden: hidden) },
      ]),
      "reason": change.reason.map { .text($0) },
      "cause": change.cause.map { .text($0.rawValue) },
    ])
  }

  private static func fields(
    _ change: ResourceChange, _ hidden: Bool, _ side: (FieldDifference) -> SpecValue?
  ) -> JSON {
    .object(
      change.fields.map {
        .init(name: $0.field, value: value(side($0), of: $0.field, hidden: hidden))
      })
  }

  private static func value(_ value: SpecValue?, of field: String, hidden: Bool) -> JSON {
    guard let value else { return .null }
    return hidden && field == "entries.digest" ? .text(FieldText.sensitive) : JSON(value)
  }

  /// In the manifest's notation, of a new map the first ones; counts only where the contents are
  /// sensitive.
  private static func entries(_ entries: EntryChanges, hidden: Bool) -> JSON {
    let counts = entries.counts
    return .members([
      "added": .number(UInt64(counts.added)),
      "changed": .number(UInt64(counts.changed)),
      "removed": .number(UInt64(counts.removed)),
      "items": items(entries, hidden: hidden) { ($0.before, $0.after) },
      "omitted": entries.omitted > 0 ? .number(UInt64(entries.omitted)) : nil,
    ])
  }

  /// The same for what somebody else did: what an apply would add was deleted, and `before` is as it
  /// was applied.
  private static func driftedEntries(_ entries: EntryChanges, hidden: Bool) -> JSON {
    let counts = entries.counts
    return .members([
      "added": .number(UInt64(counts.removed)),
      "changed": .number(UInt64(counts.changed)),
      "removed": .number(UInt64(counts.added)),
      "items": items(entries, hidden: hidden) { ($0.after, $0.before) },
    ])
  }

  private static func items(
    _ entries: EntryChanges, hidden: Bool,
    _ sides: (EntryItem) -> (before: String?, after: String?)
  ) -> JSON? {
    if hidden || entries.notation.isSensitive { return nil }
    return .list(
      entries.items().map { item in
        let (before, after) = sides(item)
        return .object([
          .init(name: "key", value: item.key.map { .text($0) } ?? .null),
          .init(name: "before", value: before.map { .text($0) } ?? .null),
          .init(name: "after", value: after.map { .text($0) } ?? .null),
        ])
      })
  }

  static func location(_ location: SourceLocation) -> JSON {
    .members([
      "file": .text(location.file), "line": .number(UInt64(max(location.line, 0))),
      "column": .number(UInt64(max(location.column, 0))),
      "length": .number(UInt64(max(location.length, 0))),
    ])
  }
}

extension JSON {
  init(_ value: SpecValue) {
    self =
      switch value {
      case .bool(let value): .bool(value)
      case .number(let value): .number(value)
      case .text(let value): .text(value)
      case .list(let values): .list(values.map(JSON.init))
      }
  }
}

extension Address {
  var kind: String {
    switch self {
    case .map: "map"
    case .program: "program"
    case .attachment: "attachment"
    case .pin: "pin"
    }
  }
}

extension ResourceChange {
  /// Terraform's list: a policy can look for "delete" in it.
  var actionNames: [String] {
    switch action {
    case .unchanged: ["no-op"]
    case .create: ["create"]
    case .update: leavesGap ? ["delete", "create"] : ["update"]
    case .replace: leavesGap ? ["delete", "create"] : ["create", "delete"]
    case .delete: ["delete"]
    case .adopt: fields.isEmpty && entries == nil ? ["no-op"] : ["update"]
    case .forget: ["forget"]
    }
  }
}
