import FakeKernel
import Planning
import Reconciling
import Testing

/// Every single call of every scenario fails, or is the last before the process dies.
@Suite("Faults")
struct FaultTests {
  @Test("a failed call leaves the host exactly as it was", arguments: Scenario.all)
  func failure(scenario: Scenario) throws {
    let host = try scenario.host()
    let (wanted, count) = try undisturbed(scenario, host)
    for call in 1...count {
      let kernel = FakeKernel(copying: host)
      let before = kernel.state
      kernel.inject(.fail(at: call, errno: Errno.nomem))
      let what: String
      do throws(KernelFailure) {
        guard case .applied(_, let outcome) = try scenario.reconcile(on: kernel) else {
          Issue.record("call \(call): nothing was applied")
          continue
        }
        what = "call \(call), \(kernel.calls.last?.name ?? ""): \(outcome.result)"
        #expect(outcome.undoFailures == [], "\(what)")
        switch outcome.result {
        case .rolledBack:
          #expect(kernel.state.differences(from: before) == [], "\(what)")
        case .partlyApplied:
          // All was done, and then it could not be looked at.
          #expect(kernel.shape.differences(from: wanted) == [], "\(what)")
          #expect(outcome.steps.allSatisfy { $0.status == .successful }, "\(what)")
        case .successful:
          // A directory that could not be tidied away is no failure.
          #expect(kernel.calls.last?.name == "removeEmptyDirectories", "\(what)")
        case .stale, .notVerified: Issue.record("\(what)")
        }
      } catch {
        what = "call \(call): \(error)"
        #expect(kernel.state.differences(from: before) == [], "\(what)")
      }
      #expect(kernel.handles == 0, "descriptors leak: \(what)")
      kernel.restart()
      let isDone = try successful(scenario.reconcile(on: kernel), "after \(what)")
      #expect(isDone, "\(what)")
      #expect(kernel.shape.differences(from: wanted) == [], "the next apply after \(what)")
    }
  }

  @Test("a killed apply is completed by the next one", arguments: Scenario.all)
  func kill(scenario: Scenario) throws {
    let host = try scenario.host()
    let (wanted, count) = try undisturbed(scenario, host)
    for call in 1...count {
      let kernel = FakeKernel(copying: host)
      kernel.inject(.kill(at: call))
      _ = try? scenario.reconcile(on: kernel)
      try converges(kernel, scenario, wanted, "killed before call \(call)")
    }
  }

  // Two faults in one apply are many pairs; a sample of them.

  @Test("a kill during the rollback is repaired too", arguments: Scenario.all)
  func killedRollback(scenario: Scenario) throws {
    let host = try scenario.host()
    let (wanted, count) = try undisturbed(scenario, host)
    for (turn, call) in stride(from: 1, through: count, by: 3).enumerated() {
      let kernel = FakeKernel(copying: host)
      let later = [1, 6, 12, 24][turn % 4]
      kernel.inject(.fail(at: call, errno: Errno.nomem), .kill(at: call + later))
      _ = try? scenario.reconcile(on: kernel)
      guard kernel.isKilled else { continue }
      try converges(kernel, scenario, wanted, "failed at call \(call), killed \(later) calls later")
    }
  }

  @Test("stopping leaves what the next apply completes", arguments: Scenario.all)
  func stop(scenario: Scenario) throws {
    let host = try scenario.host()
    let (wanted, count) = try undisturbed(scenario, host)
    for call in stride(from: 2, through: count, by: 3) {
      let kernel = FakeKernel(copying: host)
      kernel.inject(.fail(at: call, errno: Errno.nomem))
      _ = try? scenario.reconcile(on: kernel, options: ApplyOptions(onError: .stop))
      try converges(kernel, scenario, wanted, "stopped at call \(call)")
    }
  }

  /// The shape that the scenario leads to, and how many calls that takes.
  private func undisturbed(_ scenario: Scenario, _ host: FakeKernel) throws -> (
    shape: Shape, calls: Int
  ) {
    let kernel = FakeKernel(copying: host)
    let isDone = try successful(scenario.reconcile(on: kernel))
    try #require(isDone)
    #expect(kernel.handles == 0, "descriptors leak")
    return (kernel.shape, kernel.calls.count)
  }

  private func converges(
    _ kernel: FakeKernel, _ scenario: Scenario, _ wanted: Shape, _ what: String
  ) throws {
    try #require(kernel.handles == 0, "descriptors leak: \(what)")
    kernel.restart()
    let isDone = try successful(scenario.reconcile(on: kernel), what)
    try #require(isDone, "\(what)")
    let differences = kernel.shape.differences(from: wanted)
    try #require(differences == [], "\(what)")
  }
}
