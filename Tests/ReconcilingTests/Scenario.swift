import FakeKernel
import Planning
import Reconciling
import Testing

/// A host, what was applied to it, what happened to it, and what is applied next.
struct Scenario: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var before: Edge?
  var tamper: @Sendable (FakeKernel) -> Void = { _ in }
  /// nil = destroy.
  var after: Edge?

  static let all: [Scenario] = [
    Scenario(testDescription: "create", before: nil, after: Edge()),
    Scenario(testDescription: "upgrade", before: Edge(), after: Edge(version: 2)),
    Scenario(
      testDescription: "upgrade with tests", before: Edge(),
      after: Edge(version: 2, hasTests: true)),
    Scenario(
      testDescription: "replace a map", before: Edge(), after: Edge(blocklistSize: 32)),
    Scenario(testDescription: "change global data", before: Edge(), after: Edge(limit: 10)),
    Scenario(
      testDescription: "migrate a map", before: Edge(tableSize: 16),
      tamper: { kernel in
        guard let id = kernel.pinnedID("\(Edge.root)/maps/fw/table") else { return }
        for key in 1...12 {
          kernel.setEntry(
            map: id, key: Fixture.bytes(UInt64(key), 4), value: Fixture.bytes(7, 8))
        }
      }, after: Edge(version: 2, tableSize: 32)),
    Scenario(
      testDescription: "change entries", before: Edge(), after: Edge(blocked: [2: 5, 3: 1, 4: 1])),
    Scenario(testDescription: "through a gap", before: Edge(), after: Edge(mode: .generic)),
    Scenario(
      testDescription: "through a gap with another program", before: Edge(),
      after: Edge(version: 2, mode: .generic)),
    Scenario(testDescription: "pin attributes", before: Edge(), after: Edge(pinMode: 0o600)),
    Scenario(testDescription: "prune", before: Edge(), after: Edge(hasExtras: false)),
    Scenario(
      testDescription: "repair", before: Edge(),
      tamper: { kernel in
        kernel.unpinPath("\(Edge.root)/programs/fw/ingress")
        kernel.setMode(0o666, of: "\(Edge.root)/maps/flows")
        if let id = kernel.pinnedID("\(Edge.root)/maps/fw/blocklist") {
          kernel.setEntry(map: id, key: Fixture.bytes(9, 4), value: Fixture.bytes(1, 8))
        }
        if let link = kernel.pinnedID("\(Edge.root)/attachments/uplink/eth0") {
          kernel.detachLink(id: link)
        }
      }, after: Edge()),
    Scenario(
      testDescription: "a new interface of the same name", before: Edge(),
      tamper: { kernel in
        kernel.deleteInterface("eth0")
        kernel.addInterface("eth0")
      }, after: Edge()),
    Scenario(
      testDescription: "the directory is gone", before: Edge(),
      tamper: { $0.removeTree("\(FakeKernel.mount)/bpfapply") }, after: Edge()),
    Scenario(testDescription: "destroy", before: Edge(), after: nil),
  ]

  /// The host before the apply that is tested.
  func host() throws -> FakeKernel {
    let kernel = Edge.kernel()
    if let before {
      let isDone = try successful(reconcile(before, on: kernel))
      try #require(isDone)
    }
    tamper(kernel)
    kernel.forgetCalls()
    return kernel
  }

  func reconcile(on kernel: FakeKernel, options: ApplyOptions = ApplyOptions())
    throws(KernelFailure) -> Reconciliation<FakeKernel>.Ending
  {
    try reconcile(after, on: kernel, options: options)
  }

  func reconcile(_ edge: Edge?, on kernel: FakeKernel, options: ApplyOptions = ApplyOptions())
    throws(KernelFailure) -> Reconciliation<FakeKernel>.Ending
  {
    var desired = DesiredState(
      owner: Edge.owner, root: Edge.root, manifestPath: "", manifestDigest: "")
    if let edge { desired = edge.desired }
    let planner = { (desired: DesiredState, observed: ObservedState) in
      edge == nil
        ? planDestroy(owner: Edge.owner, root: Edge.root, observed) : plan(desired, observed)
    }
    return try Reconciliation(kernel: kernel, options: options, makePlan: planner)
      .apply(desired) { _ in true }
  }
}

/// Whether everything is as planned; records why not.
func successful(
  _ ending: Reconciliation<FakeKernel>.Ending, _ when: String = "",
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) -> Bool {
  switch ending {
  case .nothingToDo: return true
  case .applied(_, let outcome) where outcome.result == .successful: return true
  case .applied(let plan, let outcome):
    Issue.record(
      "\(when): \(outcome.result)\n\(plan.steps)", sourceLocation: sourceLocation)
  case .blocked(let plan):
    Issue.record(
      "\(when): blocked: \(plan.changes.flatMap { change in change.blocks.map { "\(change.address): \($0)" } })",
      sourceLocation: sourceLocation)
  case .declined, .awaitsConfirmation, .irrevocable:
    Issue.record("\(when): \(ending)", sourceLocation: sourceLocation)
  }
  return false
}
