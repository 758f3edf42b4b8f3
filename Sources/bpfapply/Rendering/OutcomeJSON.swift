import Planning
import Reconciling

/// An apply as a stream of JSON, one event on each line: `plan`, `started`, `step_started`,
/// `step_succeeded`, `step_failed`, `step_undone`, `undo_failed`, `verifying`, and `outcome` as the
/// last.
enum OutcomeJSON {
  static func plan(_ view: PlanView) -> String {
    JSON.members(["type": "plan", "plan": PlanJSON(view).json]).line + "\n"
  }

  /// nil for what the last line says anyway.
  static func event(_ event: ApplyEvent) -> String? {
    let json: JSON
    switch event {
    case .started(let owner, let steps):
      json = .members([
        "type": "started", "owner": .text(owner), "steps": .number(UInt64(max(steps, 0))),
      ])
    case .stepStarted(let index, let step): json = self.step("step_started", index, step)
    case .stepSucceeded(let index, let step): json = self.step("step_succeeded", index, step)
    case .stepFailed(let index, let step, let failure):
      json = self.step("step_failed", index, step, error: failure)
    case .tested(let report): json = .members(["type": "test", "test": TestJSON.json(report)])
    case .stepUndone(let index, let step): json = self.step("step_undone", index, step)
    case .undoFailed(let failure): json = undo("undo_failed", failure)
    case .verifying: json = .members(["type": "verifying"])
    case .reversed: json = .members(["type": "reversed"])
    case .finished: return nil
    }
    return json.line + "\n"
  }

  /// The last line.
  static func outcome(_ outcome: Outcome, of view: PlanView, status: ExitStatus) -> String {
    var difference: String?
    var unverified: [ResourceChange] = []
    switch outcome.result {
    case .stale(let text): difference = text
    case .notVerified(let changes): unverified = changes
    case .successful, .rolledBack, .partlyApplied: break
    }
    let resources = view.plan.changes.filter { $0.action != .unchanged }.map { change -> JSON in
      let status = outcome.addresses[change.address]
      return .members([
        "address": .text(change.address.description),
        "actions": .texts(change.actionNames),
        "status": status.map { .text($0.rawValue) },
        "id": outcome.ids[change.address].map { .number(UInt64($0)) },
        "migration": outcome.migrations[change.address].map(migration),
      ])
    }
    return JSON.members([
      "type": "outcome",
      "format_version": "1.0",
      "result": .text(name(of: outcome.result)),
      "exit_status": .number(UInt64(status.rawValue)),
      "owner": .text(view.plan.owner),
      "fingerprint": .text(view.plan.fingerprint),
      "stale": difference.map { .text($0) },
      "resources": .list(resources),
      "steps": .list(
        outcome.steps.map {
          .members(["step": $0.step.json, "status": .text($0.status.rawValue)])
        }),
      "tests": outcome.tests.isEmpty ? nil : .list(outcome.tests.map(TestJSON.json)),
      "undo_failures": outcome.undoFailures.isEmpty
        ? nil : .list(outcome.undoFailures.map { undo(nil, $0) }),
      "unverified": unverified.isEmpty
        ? nil
        : .list(
          unverified.map { change in
            .members([
              "address": .text(change.address.description),
              "actions": .texts(change.actionNames),
              "reason": change.reason.map { .text($0) },
              "fields": .texts(change.fields.map(\.field)),
            ])
          }),
    ]).line + "\n"
  }

  private static func migration(_ report: MigrationReport) -> JSON {
    .members([
      "copied": .number(UInt64(max(report.copied, 0))),
      "changed": .number(UInt64(max(report.merged.changed, 0))),
      "added": .number(UInt64(max(report.merged.added, 0))),
      "deleted": .number(UInt64(max(report.merged.deleted, 0))),
      "kept": .number(UInt64(max(report.merged.kept, 0))),
      "in_user_space": .bool(report.merged.inUserSpace),
    ])
  }

  static func name(of result: Outcome.Result) -> String {
    switch result {
    case .successful: "successful"
    case .stale: "stale"
    case .rolledBack: "rolled_back"
    case .partlyApplied: "partly_applied"
    case .notVerified: "not_verified"
    }
  }

  private static func step(
    _ type: String, _ index: Int, _ step: Step, error: KernelFailure? = nil
  ) -> JSON {
    .members([
      "type": .text(type), "index": .number(UInt64(max(index, 0))), "step": step.json,
      "error": error.map { DiagnosticJSON.json(Failure($0)) },
    ])
  }

  private static func undo(_ type: String?, _ failure: UndoFailure) -> JSON {
    .members([
      "type": type.map { .text($0) },
      "index": .number(UInt64(max(failure.step, 0))),
      "deed": .text(failure.deed),
      "error": DiagnosticJSON.json(Failure(failure.failure)),
    ])
  }
}
