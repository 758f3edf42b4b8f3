public import Planning

/// How far something got.
public enum Status: String, Hashable, Sendable, Codable {
  /// Its turn has not come.
  case pending
  case successful
  case failed
  /// Not attempted, because something before it failed.
  case skipped
  /// Done, and undone again.
  case undone
}

/// What became of one step of the plan.
public struct StepReport: Hashable, Sendable {
  public var step: Step
  public var status: Status

  public init(step: Step, status: Status = .pending) {
    self.step = step
    self.status = status
  }
}

/// What an apply did: for the whole, for each step and for each address.
public struct Outcome: Sendable {
  public enum Result: Hashable, Sendable {
    /// Every step was done.
    case successful
    /// The kernel is not as the plan found it; nothing visible was touched.
    case stale(String)
    /// Something failed and all that had been done was undone (or nothing visible had been).
    case rolledBack(KernelFailure)
    /// Something failed, and what had been done stands: it was asked for (`stop`), or undoing
    /// failed as well (`undoFailures`).
    case partlyApplied(KernelFailure)
    /// Every step was done, yet a new plan is not empty: its changes.
    case notVerified([ResourceChange])
  }

  public var result: Result
  /// In the plan's order.
  public var steps: [StepReport]
  /// By address: the least of its steps' statuses. Addresses without a step are not listed.
  public var addresses: [Address: Status]
  /// The kernel's ids of what was created.
  public var ids: [Address: UInt32]
  public var undoFailures: [UndoFailure]
  /// By map: what was carried over from the one that it replaces.
  public var migrations: [Address: MigrationReport]
  /// In the order in which they were run.
  public var tests: [TestReport]
  /// Attachments whose interfaces, which a selector had found, were gone when their turn came.
  public var vanished: [Address] = []

  public init(plan: Plan) {
    tests = []
    migrations = [:]
    result = .successful
    steps = plan.steps.map { StepReport(step: $0) }
    addresses = [:]
    ids = [:]
    undoFailures = []
  }

  /// The failure that ended it, if one did.
  public var failure: KernelFailure? {
    switch result {
    case .rolledBack(let failure), .partlyApplied(let failure): failure
    case .successful, .stale, .notVerified: nil
    }
  }

  /// Sums up the steps by address.
  mutating func settle() {
    addresses = [:]
    for report in steps {
      guard let address = report.step.address else { continue }
      let known = addresses[address] ?? .successful
      addresses[address] =
        Outcome.weight(report.status) > Outcome.weight(known)
        ? report.status
        : known
    }
  }

  private static func weight(_ status: Status) -> Int {
    switch status {
    case .successful: 0
    case .pending: 1
    case .skipped: 2
    case .undone: 3
    case .failed: 4
    }
  }
}

/// What was carried over from one map into another.
public struct MigrationReport: Hashable, Sendable {
  /// Entries that were copied before the programs were swapped.
  public var copied = 0
  /// What was written meanwhile.
  public var merged = MergeCounts()

  public init(copied: Int = 0) { self.copied = copied }
}

/// What happens during an apply, as it happens: for a progress line or one JSON object per line.
public enum ApplyEvent: Hashable, Sendable {
  /// An earlier change that nobody confirmed in time was taken back first.
  case reversed
  case started(owner: String, steps: Int)
  case stepStarted(Int, Step)
  case stepSucceeded(Int, Step)
  /// A test of a program was run, in the step before whose end this comes.
  case tested(TestReport)
  case stepFailed(Int, Step, KernelFailure)
  /// All deeds of the step are undone.
  case stepUndone(Int, Step)
  case undoFailed(UndoFailure)
  /// Looking again whether the kernel is as planned.
  case verifying
  case finished(Outcome.Result)
}

extension Step {
  /// What is there goes, whatever has become of its place.
  var isTakingAway: Bool {
    switch self {
    case .detachLink, .removePin, .removeLeftover: true
    default: false
    }
  }

  /// Nothing that anybody else can see: it goes with the process.
  var isStaging: Bool {
    switch self {
    case .createMap, .loadProgram, .copyEntries, .testProgram: true
    default: false
    }
  }
}
