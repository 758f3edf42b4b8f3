public import Planning

public struct ApplyOptions: Sendable {
  public enum OnError: String, Sendable, CaseIterable {
    /// Undo in reverse what was done.
    case rollback
    /// Leave it as it is; the next apply goes on from there.
    case stop
  }

  public var onError: OnError
  /// For the inventory: who applied, with what, and when (seconds since 1970).
  public var toolVersion: String
  public var userID: UInt32
  public var time: Int64
  /// The change is taken back unless it is confirmed in time; nil = it stands.
  public var confirmation: ConfirmationOptions?

  public init(
    onError: OnError = .rollback, toolVersion: String = "", userID: UInt32 = 0, time: Int64 = 0,
    confirmation: ConfirmationOptions? = nil
  ) {
    self.confirmation = confirmation
    self.onError = onError
    self.toolVersion = toolVersion
    self.userID = userID
    self.time = time
  }
}

/// Executes a plan: exactly its steps, in its order.
///
/// Steps before `writeIntent` stage what only this process can see. From there on each step is
/// journaled with its undo, and a failure undoes them in reverse. Everything that is opened or made
/// is held until the apply is over: an old program can be put back, and a prog_array keeps its
/// slots.
public struct Applier<K: Kernel> {
  public let kernel: K
  public var options: ApplyOptions

  public init(kernel: K, options: ApplyOptions = ApplyOptions()) {
    self.kernel = kernel
    self.options = options
  }

  /// The plan must have been made from these two sides, and be applicable.
  public func apply(
    _ plan: Plan, desired: DesiredState, observed: ObservedState,
    report: (ApplyEvent) -> Void = { _ in }
  ) -> Outcome {
    run(plan, desired: desired, observed: observed, upTo: plan.steps.count, report: report)
  }

  /// Stages for real (maps, the kernel's verifier) and lets everything go again.
  public func stage(
    _ plan: Plan, desired: DesiredState, observed: ObservedState,
    report: (ApplyEvent) -> Void = { _ in }
  ) -> Outcome {
    let end = plan.steps.firstIndex { !$0.isStaging && !$0.fillsStaged }
    return run(
      plan, desired: desired, observed: observed, upTo: end ?? plan.steps.count, report: report)
  }

  private func run(
    _ plan: Plan, desired: DesiredState, observed: ObservedState, upTo end: Int,
    report: (ApplyEvent) -> Void
  ) -> Outcome {
    var outcome = Outcome(plan: plan)
    report(.started(owner: plan.owner, steps: plan.steps.count))
    let execution = Execution(
      kernel: kernel, options: options, plan: plan, desired: desired, observed: observed)
    for (index, step) in plan.steps.enumerated() {
      guard index < end else {
        outcome.steps[index].status = .skipped
        continue
      }
      report(.stepStarted(index, step))
      do throws(KernelFailure) {
        // The first step that somebody else could see.
        if !step.isStaging, !step.fillsStaged, !execution.isCommitting {
          if let difference = try execution.findStaleness() {
            outcome.result = .stale(difference)
            for rest in index..<plan.steps.count { outcome.steps[rest].status = .skipped }
            break
          }
          execution.isCommitting = true
        }
        execution.currentStep = index
        defer {
          for test in execution.tests.dropFirst(outcome.tests.count) { report(.tested(test)) }
          outcome.tests = execution.tests
        }
        try execution.perform(step)
        outcome.steps[index].status = .successful
        report(.stepSucceeded(index, step))
      } catch {
        outcome.steps[index].status = .failed
        report(.stepFailed(index, step, error))
        for rest in (index + 1)..<max(index + 1, plan.steps.count) {
          outcome.steps[rest].status = .skipped
        }
        recover(execution, from: error, outcome: &outcome, report: report)
        break
      }
    }
    if outcome.failure == nil { outcome.ids = execution.createdIDs }
    for (ref, report) in execution.reports { outcome.migrations[.map(ref)] = report }
    outcome.vanished = execution.vanished.sorted()
    execution.letGo()
    outcome.settle()
    report(.finished(outcome.result))
    return outcome
  }

  private func recover(
    _ execution: Execution<K>, from failure: KernelFailure, outcome: inout Outcome,
    report: (ApplyEvent) -> Void
  ) {
    if options.onError == .stop,
      execution.journal.entries.contains(where: { !execution.plan.steps[$0.step].isStaging })
    {
      outcome.result = .partlyApplied(failure)
      return
    }
    outcome.undoFailures = execution.rollBack { step in
      // A failed step may have done a part; it stays "failed".
      if outcome.steps[step].status == .successful { outcome.steps[step].status = .undone }
      report(.stepUndone(step, outcome.steps[step].step))
    }
    for failure in outcome.undoFailures { report(.undoFailed(failure)) }
    outcome.result =
      outcome.undoFailures.isEmpty ? .rolledBack(failure) : .partlyApplied(failure)
    // What was staged was never visible, and goes with this process's descriptors.
    for index in outcome.steps.indices
    where outcome.steps[index].status == .successful && outcome.steps[index].step.isDiscardable {
      outcome.steps[index].status = .undone
    }
  }
}

extension Step {
  /// Works on a map that may be staged or live.
  var fillsStaged: Bool {
    if case .fillReferences = self { return true }
    return false
  }

  fileprivate var isDiscardable: Bool { isStaging || fillsStaged }
}
