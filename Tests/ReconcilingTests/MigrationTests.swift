import BPFObject
import FakeKernel
import Planning
import Reconciling
import Testing

/// A map is replaced while the program on the hook goes on counting in the map that it is bound to.
@Suite("Migration")
struct MigrationTests {
  /// Counts in the map of whatever program is on the hook, before every call of the apply: a
  /// different key each time, now and then a new one, and some are removed.
  final class Traffic {
    var counted: [UInt64: UInt64] = [:]
    var removed: Set<UInt64> = []
    private var turn: UInt64 = 0
    private let isDestructive: Bool

    init(isDestructive: Bool) { self.isDestructive = isDestructive }

    func pass(_ kernel: FakeKernel) {
      turn += 1
      guard let program = kernel.programs(on: .xdp(interface: Edge.eth0, mode: .auto)).first,
        let map = kernel.maps(ofProgram: program).first(where: { kernel.mapName($0) == "table" })
      else { return }
      let contents = kernel.contents(ofMap: map)
      if isDestructive, turn % 7 == 0, let key = counted.keys.min(), counted.count > 8 {
        kernel.setEntry(map: map, key: Fixture.bytes(key, 4), value: nil)
        counted[key] = nil
        removed.insert(key)
        return
      }
      let key = turn % 11 == 0 ? 100 + turn % 4 : 1 + turn % 12
      guard !removed.contains(key) else { return }
      let bytes = Fixture.bytes(key, 4)
      var value = contents[bytes] ?? [UInt8](repeating: 0, count: kernel.valueSize(map))
      value.replaceSubrange(0..<8, with: Fixture.bytes(number(value) + 1, 8))
      kernel.setEntry(map: map, key: bytes, value: value)
      counted[key, default: 0] += 1
    }

    func number(_ value: [UInt8]) -> UInt64 {
      value.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  let scenario = Scenario(
    testDescription: "", before: Edge(tableSize: 24), after: Edge(version: 2, tableSize: 48))

  private func host(_ traffic: Traffic) throws -> FakeKernel {
    let kernel = try scenario.host()
    let id = try #require(kernel.pinnedID("\(Edge.root)/maps/fw/table"))
    for key in 1...12 as ClosedRange<UInt64> {
      kernel.setEntry(map: id, key: Fixture.bytes(key, 4), value: Fixture.bytes(1000, 8))
      traffic.counted[key] = 1000
    }
    kernel.traffic = traffic.pass
    return kernel
  }

  private func table(_ kernel: FakeKernel) throws -> [UInt64: UInt64] {
    kernel.traffic = nil
    let id = try #require(kernel.pinnedID("\(Edge.root)/maps/fw/table"))
    var counts: [UInt64: UInt64] = [:]
    for (key, value) in kernel.contents(ofMap: id) {
      counts[UInt64(key[0])] = value.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    return counts
  }

  @Test("no key is lost and sums are exact", arguments: [false, true])
  func exact(isDestructive: Bool) throws {
    let traffic = Traffic(isDestructive: isDestructive)
    let kernel = try host(traffic)
    guard case .applied(_, let outcome) = try scenario.reconcile(on: kernel) else {
      Issue.record("nothing was applied")
      return
    }
    #expect(outcome.result == .successful)
    #expect(try table(kernel) == traffic.counted)
    let report = try #require(outcome.migrations[.map("fw/table")])
    #expect(report.copied > 8 && report.merged.changed > 0)
  }

  @Test("undone, the old map has what was written to the new one", arguments: [false, true])
  func undone(isDestructive: Bool) throws {
    let probe = try host(Traffic(isDestructive: isDestructive))
    probe.forgetCalls()
    _ = try scenario.reconcile(on: probe)
    let calls = probe.calls.count
    var rolledBack = 0
    for call in 1...calls {
      let traffic = Traffic(isDestructive: isDestructive)
      let kernel = try host(traffic)
      let old = kernel.pinnedID("\(Edge.root)/maps/fw/table")
      kernel.inject(.fail(at: call, errno: Errno.nomem))
      guard case .applied(_, let outcome) = try? scenario.reconcile(on: kernel) else { continue }
      #expect(outcome.undoFailures == [], "call \(call)")
      guard case .rolledBack = outcome.result else { continue }
      rolledBack += 1
      #expect(kernel.pinnedID("\(Edge.root)/maps/fw/table") == old, "call \(call)")
      #expect(
        try table(kernel) == traffic.counted, "call \(call), \(kernel.calls.last?.name ?? "")")
    }
    #expect(rolledBack > calls / 2)
  }

  @Test("killed at any call, one apply converges and sums are exact", arguments: [false, true])
  func killed(isDestructive: Bool) throws {
    let probe = try host(Traffic(isDestructive: isDestructive))
    probe.forgetCalls()
    _ = try scenario.reconcile(on: probe)
    for call in 1...probe.calls.count {
      let traffic = Traffic(isDestructive: isDestructive)
      let kernel = try host(traffic)
      kernel.inject(.kill(at: call))
      _ = try? scenario.reconcile(on: kernel)
      kernel.restart()
      let isDone = try successful(scenario.reconcile(on: kernel), "killed before call \(call)")
      #expect(isDone)
      #expect(try table(kernel) == traffic.counted, "killed before call \(call)")
      #expect(kernel.valueSize(kernel.pinnedID("\(Edge.root)/maps/fw/table") ?? 0) == 16)
    }
  }

  @Test("killed where no program can merge, one apply converges and no key is lost")
  func killedWithoutPrograms() throws {
    let probe = try host(Traffic(isDestructive: false))
    probe.hasMergePrograms = false
    probe.forgetCalls()
    _ = try scenario.reconcile(on: probe)
    for call in 1...probe.calls.count {
      let traffic = Traffic(isDestructive: false)
      let kernel = try host(traffic)
      kernel.hasMergePrograms = false
      kernel.inject(.kill(at: call))
      _ = try? scenario.reconcile(on: kernel)
      kernel.restart()
      let isDone = try successful(scenario.reconcile(on: kernel), "killed before call \(call)")
      #expect(isDone)
      let counts = try table(kernel)
      #expect(Set(counts.keys).isSuperset(of: 1...12), "killed before call \(call)")
      #expect(counts.values.allSatisfy { $0 > 0 })
      #expect(kernel.valueSize(kernel.pinnedID("\(Edge.root)/maps/fw/table") ?? 0) == 16)
    }
  }

  @Test("killed, and killed again while that is completed, sums are exact")
  func killedTwice() throws {
    let probe = try host(Traffic(isDestructive: false))
    probe.forgetCalls()
    _ = try scenario.reconcile(on: probe)
    for first in stride(from: 3, through: probe.calls.count, by: 9) {
      var second = 1
      while true {
        let traffic = Traffic(isDestructive: false)
        let kernel = try host(traffic)
        kernel.inject(.kill(at: first))
        _ = try? scenario.reconcile(on: kernel)
        kernel.restart()
        kernel.forgetCalls()
        kernel.inject(.kill(at: second))
        _ = try? scenario.reconcile(on: kernel)
        let wasKilled = kernel.calls.count >= second
        kernel.restart()
        let words = "killed before call \(first), and before call \(second)"
        let isDone = try successful(scenario.reconcile(on: kernel), words)
        #expect(isDone)
        #expect(try table(kernel) == traffic.counted, Comment(rawValue: words))
        guard wasKilled else { break }
        second += 10
      }
    }
  }

  @Test("killed while it is undone, the old map has what was written to the new one")
  func killedWhileUndone() throws {
    let probe = try host(Traffic(isDestructive: false))
    probe.forgetCalls()
    _ = try scenario.reconcile(on: probe)
    for call in stride(from: 1, through: probe.calls.count, by: 4) {
      for later in stride(from: 1, through: 40, by: 5) {
        let traffic = Traffic(isDestructive: false)
        let kernel = try host(traffic)
        kernel.inject(.fail(at: call, errno: Errno.nomem))
        kernel.inject(.kill(at: call + later))
        _ = try? scenario.reconcile(on: kernel)
        kernel.restart()
        let words = "failed at call \(call), killed \(later) calls later"
        let isDone = try successful(scenario.reconcile(on: kernel), words)
        #expect(isDone)
        #expect(try table(kernel) == traffic.counted, Comment(rawValue: words))
      }
    }
  }
}
