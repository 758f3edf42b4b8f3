import Planning

/// How long a change stands by itself, and who undoes it afterwards.
public struct ConfirmationOptions: Sendable {
  public var milliseconds: Int64
  /// The tool's arguments of the watchdog, without those that `WatchdogTask` adds.
  public var arguments: [String]

  public init(milliseconds: Int64, arguments: [String]) {
    self.milliseconds = milliseconds
    self.arguments = arguments
  }
}

/// What a watchdog waits for.
public struct WatchdogTask: Hashable, Sendable {
  public var owner: String
  public var root: String
  public var deadline: Int64
  /// The process that makes the change: if it still holds the lock when the time is over, it hangs.
  public var caller: Int32

  public init(owner: String, root: String, deadline: Int64, caller: Int32) {
    self.owner = owner
    self.root = root
    self.deadline = deadline
    self.caller = caller
  }
}

/// A change that waits to be confirmed: kept, taken back early, or taken back when its time is over.
/// All of it happens under the owner's lock.
public struct Confirmation<K: Kernel> {
  public enum Answer: Hashable, Sendable {
    /// Nothing waits; `reversed`: because the last change was taken back.
    case nothingPending(reversed: Bool)
    case confirmed
    /// The apply was interrupted, so that there is no whole change to be kept.
    case unfinished
    case reversed
  }

  public let kernel: K
  public let owner: String
  public let root: String

  public init(kernel: K, owner: String, root: String) {
    self.kernel = kernel
    self.owner = owner
    self.root = root
  }

  /// Keeps the change if there is still time, and takes it back otherwise.
  public func confirm(lockTimeoutSeconds: Int) throws(KernelFailure) -> Answer {
    try underLock(lockTimeoutSeconds) { (inventory, pins) throws(KernelFailure) in
      guard let pending = inventory?.confirmation, var kept = inventory else {
        return .nothingPending(reversed: kernel.wasReversed(owner: owner))
      }
      if pending.isOverdue(at: kernel.bootMilliseconds()) {
        try reverse()
        return .reversed
      }
      guard kept.state == .final else { return .unfinished }
      kept.confirmation = nil
      try kernel.writeInventory(kept, root: root)
      try kernel.stopWatchdog(owner: owner)
      try Reverser(kernel: kernel, reversal: Reversal(owner: owner, root: root)).dropFormer(pins)
      return .confirmed
    }
  }

  /// Takes the change back now.
  public func reverse(lockTimeoutSeconds: Int) throws(KernelFailure) -> Answer {
    try underLock(lockTimeoutSeconds) { (inventory, _) throws(KernelFailure) in
      guard inventory?.confirmation != nil else {
        return .nothingPending(reversed: kernel.wasReversed(owner: owner))
      }
      try reverse()
      return .reversed
    }
  }

  /// The caller holds the lock.
  func reverse() throws(KernelFailure) {
    guard let reversal = try kernel.readReversal(root: root) else {
      throw KernelFailure(
        operation: "rollback", subject: owner,
        message: "what was before is not recorded any more below \(PinPath.formerRoot(root))",
        hints: ["apply the former manifest: bpfapply destroy \(owner) gives its place free"])
    }
    try Reverser(kernel: kernel, reversal: reversal).run()
    try kernel.stopWatchdog(owner: owner)
  }

  /// What the watchdog does when the time is over, by the recollection that it was started with.
  func expire(deadline: Int64, reversal: Reversal, lockTimeoutSeconds: Int) throws(KernelFailure) {
    _ = try underLock(lockTimeoutSeconds) { (inventory, pins) throws(KernelFailure) in
      let reverser = Reverser(kernel: kernel, reversal: reversal)
      // Somebody kept it or took it back; or the apply ended before its first visible step. Without
      // an inventory nobody has.
      if let inventory, inventory.confirmation?.deadline != deadline {
        if inventory.confirmation == nil { try reverser.dropFormer(pins) }
        return .nothingPending(reversed: false)
      }
      try reverser.run()
      return .reversed
    }
  }

  private func underLock(
    _ seconds: Int,
    _ body: (Inventory?, [ObservedPin]) throws(KernelFailure) -> Answer
  ) throws(KernelFailure) -> Answer {
    let lock = try kernel.lock(owner: owner, root: root, timeoutSeconds: seconds)
    defer { withExtendedLifetime(lock) {} }
    let observed = try kernel.observe(ObservationScope(owner: owner, root: root))
    let answer = try body(observed.inventory, observed.pins)
    if observed.inventory == nil {
      // The lock made the directory.
      try? kernel.removeEmptyDirectories(
        from: root, upTo: PinPath.parent(PinPath.parent(root)))
    }
    return answer
  }
}

extension Execution {
  /// From here on the change is taken back by itself, whatever becomes of this process.
  func arm(_ confirmation: ConfirmationOptions) throws(KernelFailure) {
    let reversal = try makeReversal()
    let former = PinPath.formerRoot(desired.root)
    var held: [K.Object] = []
    var paths: [String] = []
    journal.record(currentStep, "watchdog") { [self] () throws(KernelFailure) in
      try kernel.stopWatchdog(owner: desired.owner)
      for path in paths { try kernel.removePin(path) }
      try kernel.removePin("\(former)/reversal")
      try kernel.removeEmptyDirectories(from: former, upTo: desired.root)
    }
    try kernel.noteReversal(owner: desired.owner, happened: false)
    for (kind, id) in reversal.references {
      let object = try open(kind, id)
      let path = "\(former)/\(kind)-\(id)"
      _ = try kernel.makeDirectories(for: path, root: desired.root)
      paths.append(path)
      // One of an arming that was interrupted shows the same: ids are not used twice.
      if pins[path] == nil { try kernel.pin(object, at: path) }
      held.append(object)
    }
    try kernel.writeReversal(reversal, root: desired.root)
    let deadline = kernel.bootMilliseconds() + confirmation.milliseconds
    pending = PendingConfirmation(deadline: deadline)
    try kernel.startWatchdog(
      WatchdogTask(
        owner: desired.owner, root: desired.root, deadline: deadline, caller: 0),
      arguments: confirmation.arguments, holding: held)
  }
}
