import BPFObject
import FakeKernel
import Planning
import Reconciling
import Testing

@Suite("Reconciliation")
struct ReconciliationTests {
  let scenario = Scenario(testDescription: "", before: nil, after: Edge())

  private func applied(_ edge: Edge, to kernel: FakeKernel) throws -> Outcome {
    guard case .applied(_, let outcome) = try scenario.reconcile(edge, on: kernel) else {
      throw KernelFailure(operation: "test", subject: "", message: "nothing was applied")
    }
    return outcome
  }

  @Test("the second apply changes nothing and makes no mutating call")
  func idempotent() throws {
    let kernel = Edge.kernel()
    let first = try applied(Edge(), to: kernel)
    #expect(first.result == .successful)
    #expect(first.addresses.values.allSatisfy { $0 == .successful })
    let state = kernel.state
    kernel.forgetCalls()
    guard case .nothingToDo = try scenario.reconcile(Edge(), on: kernel) else {
      Issue.record("there was something to do")
      return
    }
    #expect(kernel.calls.filter(\.isMutating) == [])
    #expect(kernel.state.differences(from: state) == [])
  }

  @Test("an upgrade swaps programs on live links and keeps links, maps and contents")
  func upgrade() throws {
    let kernel = Edge.kernel()
    _ = try applied(Edge(), to: kernel)
    let kept = [
      "attachments/uplink/eth0", "attachments/ingress/eth0", "maps/flows", "maps/fw/blocklist",
    ].map { "\(Edge.root)/\($0)" }
    let before = kept.map { kernel.pinnedID($0) }
    let flows = try #require(kernel.pinnedID("\(Edge.root)/maps/flows"))
    kernel.setEntry(map: flows, key: Fixture.bytes(1, 8), value: Fixture.bytes(2, 16))
    let old = kernel.programs(on: .xdp(interface: Edge.eth0, mode: .auto))

    #expect(try applied(Edge(version: 2), to: kernel).result == .successful)
    #expect(kept.map { kernel.pinnedID($0) } == before)
    #expect(kernel.contents(ofMap: flows).count == 1)
    let new = kernel.programs(on: .xdp(interface: Edge.eth0, mode: .auto))
    #expect(new.count == 1 && new != old)
    #expect(!kernel.isAlive(.program, old[0]), "the old program is gone")
    #expect(
      !kernel.calls.contains { $0.name == "detach" && $0.subject == "link \(before[0] ?? 0)" })
  }

  @Test("a rejected program leaves no trace, and is named")
  func rejection() throws {
    let kernel = Edge.kernel()
    kernel.rejectedPrograms = ["trace"]
    let before = kernel.state
    let outcome = try applied(Edge(), to: kernel)
    #expect(outcome.failure?.verifierLog != nil)
    #expect(outcome.addresses[.program("fw/trace")] == .failed)
    #expect(outcome.addresses[.program("fw/filter")] == .undone)
    #expect(outcome.addresses[.attachment("switches", instance: nil)] == .skipped)
    #expect(kernel.state.differences(from: before) == [])
  }

  @Test("verifying stages everything and leaves no trace")
  func verify() throws {
    let kernel = Edge.kernel()
    let before = kernel.state
    let reconciliation = Reconciliation(kernel: kernel) { plan($0, $1) }
    let good = try reconciliation.verify(Edge().desired).outcome
    #expect(good.result == .successful)
    #expect(kernel.calls.contains { $0.name == "loadProgram" })
    kernel.rejectedPrograms = ["trace"]
    let bad = try reconciliation.verify(Edge().desired).outcome
    #expect(bad.failure?.errorNumber == Errno.acces)
    #expect(kernel.state.differences(from: before) == [])
    #expect(kernel.handles == 0)
  }

  @Test("what changed between plan and apply makes the plan stale", arguments: 0..<4)
  func stale(which: Int) throws {
    let kernel = Edge.kernel()
    _ = try applied(Edge(), to: kernel)
    let desired = Edge(version: 2).desired
    let (plan, observed) = try Reconciliation(kernel: kernel) { Planning.plan($0, $1) }
      .plan(desired)
    let uplink = try #require(kernel.pinnedID("\(Edge.root)/attachments/uplink/eth0"))
    let tamper: [() throws -> Void] = [
      { kernel.unpinPath("\(Edge.root)/maps/flows") },
      { kernel.setMode(0o644, of: "\(Edge.root)/programs/fw/filter") },
      {
        kernel.swapProgram(
          ofLink: uplink, to: try #require(kernel.pinnedID("\(Edge.root)/programs/fw/tail")))
      },
      {
        var inventory = try #require(observed.inventory)
        inventory.manifestDigest = "another"
        try kernel.writeInventory(inventory, root: Edge.root)
      },
    ]
    try tamper[which]()
    let before = kernel.state
    let outcome = Applier(kernel: kernel).apply(plan, desired: desired, observed: observed)
    guard case .stale = outcome.result else {
      Issue.record("\(outcome.result)")
      return
    }
    #expect(kernel.state.differences(from: before) == [])
  }

  @Test("events tell each step, in order")
  func events() throws {
    let kernel = Edge.kernel()
    kernel.inject(.fail(at: 60, errno: Errno.nomem))
    var events: [ApplyEvent] = []
    let ending = try Reconciliation(kernel: kernel) { plan($0, $1) }
      .apply(Edge().desired) {
        events.append($0)
      } confirm: { _ in
        true
      }
    guard case .applied(let plan, let outcome) = ending else {
      Issue.record("\(ending)")
      return
    }
    #expect(events.first == .started(owner: Edge.owner, steps: plan.steps.count))
    #expect(events.last == .finished(outcome.result))
    let started = events.compactMap {
      if case .stepStarted(let index, _) = $0 { index } else { nil }
    }
    #expect(started == Array(0..<started.count))
    let undone = events.compactMap { if case .stepUndone(let index, _) = $0 { index } else { nil } }
    #expect(undone == undone.sorted(by: >) && !undone.isEmpty)
    #expect(events.contains { if case .stepFailed = $0 { true } else { false } })
  }

  @Test("declining does nothing; a held lock is an error")
  func refusals() throws {
    let kernel = Edge.kernel()
    let before = kernel.state
    let reconciliation = Reconciliation(kernel: kernel) { plan($0, $1) }
    guard case .declined = try reconciliation.apply(Edge().desired, confirm: { _ in false }) else {
      Issue.record("it was not declined")
      return
    }
    #expect(kernel.state.differences(from: before) == [])
    let lock = try kernel.lock(owner: Edge.owner, root: Edge.root, timeoutSeconds: 0)
    #expect(throws: KernelFailure.self) {
      _ = try reconciliation.apply(Edge().desired) { _ in true }
    }
    withExtendedLifetime(lock) {}
  }

  @Test("somebody who undoes what is applied makes the result unverified")
  func notVerified() throws {
    let kernel = Edge.kernel()
    let ending = try Reconciliation(kernel: kernel) { plan($0, $1) }
      .apply(Edge().desired) {
        if case .verifying = $0 { kernel.unpinPath("\(Edge.root)/maps/flows") }
      } confirm: { _ in
        true
      }
    guard case .applied(_, let outcome) = ending, case .notVerified(let changes) = outcome.result
    else {
      Issue.record("\(ending)")
      return
    }
    #expect(changes.map(\.address) == [.map("flows")])
  }

  @Test("metadata is read back, and hostile bytes are not")
  func metadata() {
    let metadata = ProgramMetadata(owner: "edge", object: "fw", digest: "ab12", bpffsDevice: 42)
    let (_, map) = OwnerMetadata(metadata).build()
    #expect(OwnerMetadata(contents: map.data?.contents ?? [])?.metadata == metadata)
    #expect(Int(map.valueSize) == map.data?.contents.count)
    for bytes: [UInt8] in [
      [], [0], [0, 0], [0, 0, 0], [0, 0, 0, 0, 0], [65], [0xff, 0, 0, 0], [0, 0, 0, 65],
    ] {
      #expect(OwnerMetadata(contents: bytes) == nil)
    }
    #expect(OwnerMetadata(contents: [0, 0, 0, 0x37, 0])?.metadata.bpffsDevice == 7)
    #expect(OwnerMetadata(contents: [0, 0, 0, 0x2d, 0]) == nil)
  }
}
