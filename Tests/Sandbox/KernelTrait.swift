import Glibc
import Testing

/// Marks a test that needs the kernel: skipped, with the reason, where that is not to be had, and
/// run beside a few others only.
///
/// An exit test waits in a process of its own while Swift Testing starts the next one, so all of
/// them would run at once. Some places of the kernel are the whole host's: a tracepoint takes 64
/// programs, and a loaded machine lets deadlines pass.
public struct KernelTrait: TestTrait, SuiteTrait, TestScoping {
  public var isRecursive: Bool { true }

  public func prepare(for test: Test) async throws {
    let condition: ConditionTrait = .enabled(
      if: Sandbox.isAvailable || Sandbox.isRequired,
      "\(Sandbox.obstacle ?? "kernel tests cannot run here"); skipped")
    try await condition.prepare(for: test)
  }

  public func scopeProvider(for test: Test, testCase: Test.Case?) -> KernelTrait? {
    testCase == nil ? nil : self
  }

  public func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    // A suite and a test in it may both have the trait.
    if Turns.isHeld { return try await function() }
    await Turns.shared.take()
    do {
      try await Turns.$isHeld.withValue(true) { try await function() }
    } catch {
      await Turns.shared.giveBack()
      throw error
    }
    await Turns.shared.giveBack()
  }
}

extension Trait where Self == KernelTrait {
  public static var kernel: Self { KernelTrait() }
}

/// Lets a number of tests run, and the others wait in the order in which they came.
private actor Turns {
  @TaskLocal static var isHeld = false
  static let shared = Turns(2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func take() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func giveBack() {
    guard !waiting.isEmpty else {
      free += 1
      return
    }
    waiting.removeFirst().resume()
  }
}
