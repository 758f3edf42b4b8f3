import Planning
import Reconciling

/// Starting a process is noted; time goes on when the test says so.
extension FakeKernel {
  public func bootMilliseconds() -> Int64 { bootTime }
  public func watchdogObstacle() -> String? { noWatchdog }

  public func startWatchdog(
    _ task: WatchdogTask, arguments: [String], holding objects: [FakeObject]
  ) throws(KernelFailure) {
    try enter("startWatchdog", task.owner)
    watchdogs[task.owner] = task
  }

  public func stopWatchdog(owner: String) throws(KernelFailure) {
    try enter("stopWatchdog", owner)
    watchdogs[owner] = nil
  }

  public func writeReversal(_ reversal: Reversal, root: String) throws(KernelFailure) {
    try enter("writeReversal", root)
    reversals[root] = reversal
  }

  public func readReversal(root: String) throws(KernelFailure) -> Reversal? {
    try enter("readReversal", root, mutating: false)
    return reversals[root]
  }

  public func noteReversal(owner: String, happened: Bool) throws(KernelFailure) {
    try enter("noteReversal", owner)
    if happened { reversed.insert(owner) } else { reversed.remove(owner) }
  }

  public func wasReversed(owner: String) -> Bool { reversed.contains(owner) }
}
