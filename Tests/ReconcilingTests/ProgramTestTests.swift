import BPFObject
import FakeKernel
import Planning
import Reconciling
import Testing

/// Tests of programs gate an apply.
@Suite("Program tests")
struct ProgramTestTests {
  private func test(_ name: String, returning: UInt32) -> DesiredTest {
    var test = DesiredTest(name: name)
    test.packet = [UInt8](repeating: 0, count: 60)
    test.expected.returnCode = returning
    return test
  }

  private func desired(_ edge: Edge = Edge(), _ tests: DesiredTest...) -> DesiredState {
    var state = edge.desired
    for index in state.programs.indices where state.programs[index].ref == "fw/filter" {
      state.programs[index].tests = tests
    }
    return state
  }

  private func apply(_ desired: DesiredState, to kernel: FakeKernel) throws -> Outcome {
    let ending = try Reconciliation(kernel: kernel) { plan($0, $1) }.apply(desired) { _ in true }
    guard case .applied(_, let outcome) = ending else {
      throw KernelFailure(operation: "test", subject: "", message: "\(ending)")
    }
    return outcome
  }

  @Test("A failure stops the apply before anything is visible")
  func failure() throws {
    let kernel = Edge.kernel()
    let edge = Edge()
    _ = try apply(desired(edge, test("passes", returning: 1)), to: kernel)
    let before = kernel.state
    let outcome = try apply(
      desired(Edge(version: 2), test("right", returning: 2), test("wrong", returning: 1)),
      to: kernel)
    guard case .rolledBack(let failure) = outcome.result else {
      Issue.record("\(outcome.result)")
      return
    }
    #expect(failure.message == "1 of 2 tests failed: 'wrong'")
    #expect(outcome.tests.map(\.isFailure) == [false, true])
    #expect(
      outcome.tests.last?.result == .failed([.returned(expected: "XDP_DROP", got: "XDP_PASS")]))
    #expect(outcome.addresses[.program("fw/filter")] == .failed)
    #expect(kernel.state.differences(from: before) == [])
    #expect(kernel.handles == 0)
  }

  @Test("They run once more whenever something changes, and not when nothing does")
  func whenever() throws {
    let kernel = Edge.kernel()
    _ = try apply(desired(Edge(), test("passes", returning: 1)), to: kernel)
    kernel.forgetCalls()
    let ending = try Reconciliation(kernel: kernel) { plan($0, $1) }
      .apply(desired(Edge(), test("would fail", returning: 7))) { _ in true }
    guard case .nothingToDo = ending else {
      Issue.record("\(ending)")
      return
    }
    #expect(!kernel.calls.contains { $0.name == "run" })
    // Another entry may be what breaks a program that stays.
    let outcome = try apply(
      desired(Edge(blocked: [3: 1]), test("fails", returning: 7)), to: kernel)
    #expect(outcome.failure != nil)
  }

  @Test("The copies are other maps, with the same contents and what the test adds")
  func copies() throws {
    let kernel = Edge.kernel()
    var maps: Set<UInt32> = []
    var contents: EntryTable?
    kernel.runs["filter"] = { kernel, ids, _, output in
      maps = Set(ids)
      for id in ids where kernel.contents(ofMap: id).count == 3 {
        contents = Fixture.table(
          keySize: 4, valueSize: 8,
          Dictionary(
            uniqueKeysWithValues: kernel.contents(ofMap: id).map {
              (UInt64($0.key[0]), UInt64($0.value[0]))
            }))
        kernel.setEntry(map: id, key: Fixture.bytes(1, 4), value: Fixture.bytes(99, 8))
      }
      return output
    }
    var adding = test("adds", returning: 1)
    adding.entries = ["fw/blocklist": Fixture.table(keySize: 4, valueSize: 8, [2: 5, 9: 1])]
    adding.expected.entries = [
      ExpectedEntry(map: "fw/blocklist", key: Fixture.bytes(1, 4), value: Fixture.bytes(99, 8)),
      ExpectedEntry(map: "fw/blocklist", key: Fixture.bytes(8, 4), value: nil),
    ]
    let outcome = try apply(desired(Edge(), adding), to: kernel)
    #expect(outcome.result == .successful)
    #expect(contents == Fixture.table(keySize: 4, valueSize: 8, [1: 1, 2: 5, 9: 1]))
    let live = try #require(kernel.pinnedID("\(Edge.root)/maps/fw/blocklist"))
    #expect(!maps.contains(live) && maps.allSatisfy { !kernel.isAlive(.map, $0) })
    #expect(kernel.contents(ofMap: live)[Fixture.bytes(1, 4)] == Fixture.bytes(1, 8))
  }

  @Test("What the kernel cannot run is said, and holds nothing up")
  func notRunnable() throws {
    let kernel = Edge.kernel()
    kernel.untestable = ["filter"]
    var named = test("names an interface", returning: 1)
    named.context = [UInt8](repeating: 0, count: 24)
    named.interfaces = [ContextInterface(offset: 12, name: "nothere0")]
    let outcome = try apply(
      desired(Edge(), test("cannot", returning: 9), named), to: kernel)
    #expect(outcome.result == .successful)
    #expect(
      outcome.tests.map(\.result) == [
        .notRunnable("this kernel cannot test-run programs of type xdp"),
        .notRunnable("there is no interface nothere0"),
      ])
  }

  @Test("Events tell each test before the end of its step; verifying runs them too")
  func events() throws {
    let kernel = Edge.kernel()
    let state = desired(Edge(), test("one", returning: 1), test("two", returning: 2))
    var events: [ApplyEvent] = []
    let outcome = try Reconciliation(kernel: kernel) { plan($0, $1) }
      .verify(state) { events.append($0) }.outcome
    #expect(outcome.failure?.message == "1 of 2 tests failed: 'two'")
    let told = events.suffix(4).map { event -> String in
      switch event {
      case .tested(let report): report.name
      case .stepFailed: "failed"
      default: "finished"
      }
    }
    #expect(told == ["one", "two", "failed", "finished"])
    #expect(kernel.handles == 0)
  }
}
