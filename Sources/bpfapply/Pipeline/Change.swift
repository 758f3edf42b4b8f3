import Glibc
import Manifest
import Planning
import Reconciling

/// Lock, plan, show, ask, execute, verify: what `apply` and `destroy` have in common.
struct Change<K: Kernel> {
  /// How long released objects may take to vanish.
  static var releaseSeconds: Int { 2 }

  var pipeline: Pipeline<K>
  var kernel: K
  var commit: CommitOptions
  var approval: ApprovalOptions

  private var console: Console { pipeline.host.console }

  /// `plan` is called once to plan, and again to verify.
  func run(
    owner: String, question: String, detailedExitcode: Bool,
    plan: () throws(Failure) -> Planned
  ) throws(Failure) -> ExitStatus {
    let lock = try pipeline.lock(owner, with: kernel, timeout: commit.lockTimeout)
    defer { withExtendedLifetime(lock) {} }
    let planned = try plan()
    show(planned.view)
    try checkFingerprint(planned)
    guard planned.plan.isApplicable else { throw blocked(planned.plan) }
    guard !planned.plan.isEmpty else {
      if pipeline.json { printOutcome(Outcome(plan: planned.plan), planned.view, .done) }
      return .done
    }
    if !approval.autoApprove, approval.expectFingerprint == nil,
      !console.confirm("\n\(question) Only 'yes' goes on: ")
    {
      throw Failure("declined", "declined: nothing was changed", status: .declined)
    }

    let progress = Progress(console: console, json: pipeline.json)
    let applier = Applier(
      kernel: kernel,
      options: ApplyOptions(
        onError: commit.onError == .stop ? .stop : .rollback, toolVersion: BPFApply.version,
        userID: getuid(), time: Int64(time(nil))))
    var outcome = applier.apply(
      planned.plan, desired: planned.desired, observed: planned.observed,
      report: progress.report)
    if outcome.result == .successful {
      progress.report(.verifying)
      try verify(&outcome, planned, again: plan)
    }
    progress.end()
    let status = ExitStatus(outcome.result, changed: detailedExitcode)
    printOutcome(outcome, planned.view, status)
    if let failure = outcome.failure { pipeline.host.report(Failure(failure, status: status), json: pipeline.json) }
    return status
  }

  private func show(_ view: PlanView) {
    console.print(
      pipeline.json
        ? OutcomeJSON.plan(view) : PlanText(view, style: console.output).render())
  }

  private func checkFingerprint(_ planned: Planned) throws(Failure) {
    let found: String
    switch approval.expectFingerprint {
    case nil: return
    case .plan(let expected):
      if planned.plan.fingerprint == expected { return }
      found = planned.plan.fingerprint
    case .manifest(let expected):
      if planned.desired.manifestDigest == expected { return }
      found = "manifest:" + planned.desired.manifestDigest
    }
    throw Failure(
      "stale-plan", "this is not what was approved: the fingerprint is \(found)",
      hints: ["look at the new plan, and approve it with its fingerprint"], status: .stalePlan)
  }

  private func blocked(_ plan: Plan) -> Failure {
    let blocks = plan.changes.flatMap { change in
      change.blocks.map { block in
        Failure(
          block.code, "\(change.address): \(block.message)", hints: block.hints
        ).diagnostics.map { diagnostic in
          var diagnostic = diagnostic
          diagnostic.location = change.location
          return diagnostic
        }
      }
    }
    return Failure(Array(blocks.joined()), status: .blocked)
  }

  /// Looks again: what was planned must be so now.
  private func verify(
    _ outcome: inout Outcome, _ planned: Planned, again: () throws(Failure) -> Planned
  ) throws(Failure) {
    var released: [(ObjectKind, UInt32)] = []
    for change in planned.plan.changes {
      guard let id = change.liveID, let kind = change.address.objectKind else { continue }
      let successor = outcome.ids[change.address]
      if change.action == .delete || (successor != nil && successor != id) {
        released.append((kind, id))
      }
    }
    do {
      if !released.isEmpty {
        _ = try kernel.waitUntilGone(released, seconds: Self.releaseSeconds)
      }
    } catch {
      throw Failure(error, status: .partlyApplied)
    }
    do throws(Failure) {
      let now = try again()
      if !now.plan.isEmpty {
        outcome.result = .notVerified(now.plan.changes.filter { $0.action != .unchanged })
      }
    } catch {
      throw Failure(error.diagnostics, status: .partlyApplied)
    }
  }

  private func printOutcome(_ outcome: Outcome, _ view: PlanView, _ status: ExitStatus) {
    console.print(
      pipeline.json
        ? OutcomeJSON.outcome(outcome, of: view, status: status)
        : "\n" + OutcomeText(outcome, of: view, style: console.output).render())
  }
}

extension ExitStatus {
  init(_ result: Outcome.Result, changed: Bool) {
    self =
      switch result {
      case .successful: changed ? .changes : .done
      case .stale: .stalePlan
      case .rolledBack: .rolledBack
      case .partlyApplied, .notVerified: .partlyApplied
      }
  }
}

extension Address {
  /// nil for a pin, which is no object.
  var objectKind: ObjectKind? {
    switch self {
    case .map: .map
    case .program: .program
    case .attachment: .link
    case .pin: nil
    }
  }
}
