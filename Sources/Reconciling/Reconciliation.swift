public import Planning

/// Makes the kernel match: lock, observe, plan, ask, apply, and look again.
public struct Reconciliation<K: Kernel> {
  /// How it ended.
  public enum Ending: Sendable {
    /// The plan was empty.
    case nothingToDo(Plan)
    /// A guard or a conflict stands against it.
    case blocked(Plan)
    /// The caller did not confirm.
    case declined(Plan)
    /// A change of before waits for a confirmation; so many milliseconds are left.
    case awaitsConfirmation(Int64)
    /// The change could not be taken back, for these reasons, and was to be confirmed.
    case irrevocable(Plan, [String])
    case applied(Plan, Outcome)
  }

  public let kernel: K
  public var options: ApplyOptions
  /// How long to wait for another apply of the same owner.
  public var lockTimeoutSeconds: Int
  /// Makes the plan; pure.
  public var makePlan: (DesiredState, ObservedState) -> Plan

  /// Release is asynchronous: the kernel takes up to some tens of milliseconds to free an id.
  static var releaseSeconds: Int { 2 }

  public init(
    kernel: K, options: ApplyOptions = ApplyOptions(), lockTimeoutSeconds: Int = 0,
    makePlan: @escaping (DesiredState, ObservedState) -> Plan
  ) {
    self.kernel = kernel
    self.options = options
    self.lockTimeoutSeconds = lockTimeoutSeconds
    self.makePlan = makePlan
  }

  /// Looks and plans, without a lock and without changing anything.
  public func plan(_ desired: DesiredState) throws(KernelFailure) -> (
    plan: Plan, observed: ObservedState
  ) {
    let observed = try observe(desired)
    return (makePlan(desired, observed), observed)
  }

  /// Stages what the plan would create (maps, the kernel's verifier) and discards it.
  public func verify(
    _ desired: DesiredState, report: (ApplyEvent) -> Void = { _ in }
  ) throws(KernelFailure) -> (plan: Plan, outcome: Outcome) {
    let (plan, observed) = try plan(desired)
    let applier = Applier(kernel: kernel, options: options)
    return (
      plan, applier.stage(plan, desired: desired, observed: observed, report: report)
    )
  }

  /// Applies under the owner's lock. `confirm` sees the plan before anything is done.
  ///
  /// Throws when the lock cannot be had or the kernel cannot be looked at beforehand; what happens
  /// from the first step on is in the outcome.
  public func apply(
    _ desired: DesiredState, report: (ApplyEvent) -> Void = { _ in },
    confirm: (Plan) -> Bool
  ) throws(KernelFailure) -> Ending {
    let lock = try kernel.lock(
      owner: desired.owner, root: desired.root, timeoutSeconds: lockTimeoutSeconds)
    defer { withExtendedLifetime(lock) {} }
    var plan: Plan
    var observed: ObservedState
    do throws(KernelFailure) {
      (plan, observed) = try self.plan(desired)
      if let pending = observed.inventory?.confirmation {
        let now = kernel.bootMilliseconds()
        guard pending.isOverdue(at: now) else { return .awaitsConfirmation(pending.deadline - now) }
        // Whoever had to take it back did not.
        try Confirmation(kernel: kernel, owner: desired.owner, root: desired.root).reverse()
        report(.reversed)
        (plan, observed) = try self.plan(desired)
      }
    } catch {
      removeEmptyRoot(desired)
      throw error
    }
    let ending = applyLocked(plan, desired, observed, report: report, confirm: confirm)
    if observed.inventory == nil, !isOwned(after: ending) { removeEmptyRoot(desired) }
    return ending
  }

  /// The lock made the directory; without an inventory nothing needs it. If it cannot be removed
  /// now, the next apply uses it.
  private func removeEmptyRoot(_ desired: DesiredState) {
    try? kernel.removeEmptyDirectories(
      from: desired.root, upTo: PinPath.parent(PinPath.parent(desired.root)))
  }

  private func applyLocked(
    _ plan: Plan, _ desired: DesiredState, _ observed: ObservedState,
    report: (ApplyEvent) -> Void, confirm: (Plan) -> Bool
  ) -> Ending {
    if !plan.isApplicable { return .blocked(plan) }
    if plan.isEmpty { return .nothingToDo(plan) }
    if options.confirmation != nil {
      let obstacles = [kernel.watchdogObstacle()].compactMap(\.self) + plan.irrevocable
      guard obstacles.isEmpty else { return .irrevocable(plan, obstacles) }
    }
    guard confirm(plan) else { return .declined(plan) }
    let applier = Applier(kernel: kernel, options: options)
    var outcome = applier.apply(plan, desired: desired, observed: observed, report: report)
    if outcome.result == .successful {
      report(.verifying)
      verifyResult(&outcome, plan, desired, before: observed)
      report(.finished(outcome.result))
    }
    return .applied(plan, outcome)
  }

  /// The new plan must be empty, for what was planned: interfaces that selectors match may have come
  /// and gone meanwhile.
  private func verifyResult(
    _ outcome: inout Outcome, _ plan: Plan, _ desired: DesiredState, before: ObservedState
  ) {
    do throws(KernelFailure) {
      // Something else may keep what we let go (a foreign link); that is no failure.
      _ = try kernel.waitUntilGone(released(by: plan), seconds: Reconciliation.releaseSeconds)
      let after = try observe(desired)
      let again = makePlan(desired, after)
      guard !again.isEmpty else { return }
      let moved = desired.selectedDifferently(in: before, and: after)
      let differing = again.changes.filter { $0.action != .unchanged }
      let unexpected = differing.filter { !moved.contains($0.address) }
      if !unexpected.isEmpty || differing.isEmpty { outcome.result = .notVerified(unexpected) }
    } catch {
      outcome.result = .partlyApplied(error)
    }
  }

  private func released(by plan: Plan) -> [(ObjectKind, UInt32)] {
    plan.changes.compactMap { change in
      // What was adopted lives on for those who made it.
      guard change.action == .delete || change.action == .replace, change.adopts == nil,
        let id = change.liveID
      else { return nil }
      return switch change.address {
      case .map: (.map, id)
      case .program: (.program, id)
      case .attachment: (.link, id)
      case .pin: nil
      }
    }
  }

  /// Whether the owner's directory has a reason to be there.
  private func isOwned(after ending: Ending) -> Bool {
    if case .applied(_, let outcome) = ending {
      switch outcome.result {
      case .successful, .notVerified, .partlyApplied: return true
      case .rolledBack, .stale: return false
      }
    }
    return false
  }

  private func observe(_ desired: DesiredState) throws(KernelFailure) -> ObservedState {
    try kernel.observe(ObservationScope(desired: desired))
  }
}
