import FoundationEssentials
import Glibc
import Manifest
import Planning
import Reconciling

/// Lock, plan, show, ask, execute, verify: what `apply` and `destroy` have in common.
struct Change<K: Kernel> {
  var pipeline: Pipeline<K>
  var kernel: K
  var commit: CommitOptions
  var approval: ApprovalOptions
  /// What was approved, if that is what is carried out.
  var saved: SavedPlan?
  /// The change is taken back unless it is confirmed within this time.
  var confirmTimeout: TimeSpan?

  private var console: Console { pipeline.host.console }

  /// `view` plans, and says what is needed to show the plan.
  func run(
    _ desired: DesiredState, question: String, detailedExitcode: Bool,
    view: @escaping (DesiredState, ObservedState) -> PlanView
  ) throws(Failure) -> ExitStatus {
    let (latest, console) = (LatestView(), console)
    let reconciliation = Reconciliation(
      kernel: kernel,
      options: ApplyOptions(
        onError: commit.onError == .stop ? .stop : .rollback, toolVersion: BPFApply.version,
        userID: getuid(), time: Int64(Date().timeIntervalSince1970),
        confirmation: confirmTimeout.map {
          ConfirmationOptions(
            milliseconds: $0.milliseconds,
            arguments: ["watchdog", "--bpffs", pipeline.common.bpffsPath])
        }),
      lockTimeoutSeconds: commit.lockTimeout
    ) { desired, observed in
      console.showProgress("comparing")
      let made = view(desired, observed)
      latest.view = made
      latest.bootID = observed.host.bootID
      return made.plan
    }
    try pipeline.checkPrivileges(toLookAt: desired, changing: true, with: kernel)
    var refusal: Failure?
    let progress = Progress(console: console, json: pipeline.json)
    let ending: Reconciliation<K>.Ending
    do throws(KernelFailure) {
      ending = try reconciliation.apply(desired, report: progress.report) { plan in
        let view = latest.view(of: plan)
        show(view)
        do throws(Failure) {
          refusal = staleness(view, desired, latest)
          if refusal == nil {
            refusal = try pipeline.missingPrivileges(for: plan, of: desired, with: kernel)
          }
        } catch {
          refusal = error
        }
        if refusal != nil { return false }
        return approval.isGiven || saved != nil
          || console.confirm("\n\(question) Only 'yes' goes on: ")
      }
    } catch {
      progress.end()
      throw Failure(error, status: error.isLockTimeout ? .lockTimeout : .error)
    }
    progress.end()

    switch ending {
    case .nothingToDo(let plan):
      let view = latest.view(of: plan)
      show(view)
      if let refusal = staleness(view, desired, latest) { throw refusal }
      if pipeline.json {
        console.print(OutcomeJSON.outcome(Outcome(plan: plan), of: view, status: .done))
      }
      return .done
    case .blocked(let plan):
      let view = latest.view(of: plan)
      show(view)
      throw staleness(view, desired, latest) ?? blocked(plan)
    case .awaitsConfirmation(let left):
      throw Failure(
        "awaits-confirmation",
        "the last change of \(desired.owner) waits to be confirmed, for \((left + 999) / 1000) s more",
        hints: [
          "bpfapply confirm \(desired.owner) keeps it",
          "bpfapply rollback \(desired.owner) takes it back",
        ], status: .blocked)
    case .irrevocable(let plan, let reasons):
      show(latest.view(of: plan))
      throw Failure(
        reasons.map {
          Diagnostic(
            code: "irrevocable", message: "the change could not be taken back by itself: \($0)",
            hints: ["apply without --confirm-timeout"])
        }, status: .blocked)
    case .declined:
      throw refusal ?? Failure("declined", "declined: nothing was changed", status: .declined)
    case .applied(let plan, let outcome):
      // Verifying has planned again: the view is that of the plan that was carried out.
      let view = latest.view(of: plan)
      let status = ExitStatus(outcome.result, changed: detailedExitcode)
      console.print(
        pipeline.json
          ? OutcomeJSON.outcome(outcome, of: view, status: status)
          : "\n" + OutcomeText(outcome, of: view, style: console.output).render())
      if let confirmTimeout, outcome.result == .successful, !pipeline.json {
        console.print(
          "It is taken back \(confirmTimeout.defaultValueDescription) after it began, unless it is "
            + "confirmed: bpfapply confirm \(desired.owner)\n")
      }
      if let failure = Failure(tests: outcome.tests, status: status) {
        pipeline.host.report(failure, json: pipeline.json)
      } else if var failure = outcome.failure {
        // The layers below know kernel names; a reader knows addresses.
        if let address = outcome.steps.first(where: { $0.status == .failed })?.step.address {
          failure.subject = address.description
        }
        pipeline.host.report(Failure(failure, status: status), json: pipeline.json)
      }
      return status
    }
  }

  private func show(_ view: PlanView) {
    console.print(
      pipeline.json
        ? OutcomeJSON.plan(view) : PlanText(view, style: console.output).render())
  }

  /// Why this is not what was approved.
  private func staleness(
    _ view: PlanView, _ desired: DesiredState, _ latest: LatestView
  ) -> Failure? {
    if let saved {
      let differences = saved.differences(from: view, bootID: latest.bootID)
      if !differences.isEmpty { return SavedPlan.stale(differences) }
    }
    let found: String
    switch approval.expectFingerprint {
    case nil: return nil
    case .plan(let expected):
      if view.plan.fingerprint == expected { return nil }
      found = view.plan.fingerprint
    case .manifest(let expected):
      if desired.manifestDigest == expected { return nil }
      found = "manifest:" + desired.manifestDigest
    }
    return Failure(
      "stale-plan", "this is not what was approved: the fingerprint is \(found)",
      hints: ["look at the new plan, and approve it with its fingerprint"], status: .stalePlan)
  }

  /// One diagnostic for each block, at the place in the manifest that it is about.
  private func blocked(_ plan: Plan) -> Failure {
    let diagnostics = plan.changes.flatMap { change in
      change.blocks.map { block in
        Diagnostic(
          code: block.code, message: "\(change.address): \(block.message)",
          location: change.location, hints: block.hints)
      }
    }
    return Failure(diagnostics, status: .blocked)
  }
}

/// What the newest plan looks like; the planner is called again after a lock and to verify.
private final class LatestView {
  var view: PlanView?
  var bootID = ""

  func view(of plan: Plan) -> PlanView {
    var view = view ?? PlanView(plan: plan)
    view.plan = plan
    return view
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

extension KernelFailure {
  /// The lock was held by somebody else all the time: not a failure of the call itself, unless it
  /// is EAGAIN or ETIMEDOUT.
  var isLockTimeout: Bool {
    operation == "flock" && [nil, EAGAIN, ETIMEDOUT].contains(errorNumber)
  }
}
