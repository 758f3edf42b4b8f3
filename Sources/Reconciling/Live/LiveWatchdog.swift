internal import BPFKernel
internal import BPFObject
internal import FoundationEssentials
import Planning

/// The process that takes a change back when nobody confirms it, and what it needs for that.
extension LiveKernel {
  public func bootMilliseconds() -> Int64 { BootClock.milliseconds() }

  /// Why there can be no watchdog here; nil = there can.
  public func watchdogObstacle() -> String? {
    if DetachedProcess.endsWithCaller {
      return "this PID namespace ends with its caller, and a watchdog in it would end too"
    }
    do throws(KernelError) {
      _ = try Cgroup.mountPath()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private static func group(_ owner: String) throws(KernelError) -> ProcessGroup {
    try ProcessGroup("bpfapply-watchdog-\(owner)")
  }

  public func startWatchdog(
    _ task: WatchdogTask, arguments: [String], holding objects: [LiveObject]
  ) throws(KernelFailure) {
    let descriptors = objects.compactMap { object -> Int32? in
      switch object.payload {
      case .map(let map): map.descriptor.rawValue
      case .program(let program): program.descriptor.rawValue
      case .link, .btf: nil
      }
    }
    try wrap(about: "watchdog") { () throws(KernelError) in
      try withExtendedLifetime(objects) { () throws(KernelError) in
        try DetachedProcess.start(
          "/proc/self/exe",
          arguments + [
            task.owner, "--deadline", "\(task.deadline)", "--caller", "\(ProcessHandle.ownID)",
            "--answer-on",
          ], keeping: descriptors)
      }
    }
  }

  public func stopWatchdog(owner: String) throws(KernelFailure) {
    try wrap(about: "watchdog") { () throws(KernelError) in
      try LiveKernel.group(owner).end()
    }
  }

  /// The watchdog's life: it moves to a cgroup of its own, reads what it may have to do, answers,
  /// sleeps, and takes the change back unless somebody ended it before. The descriptors that it
  /// was started with keep what it needs alive.
  public func watch(_ task: WatchdogTask, answeringOn descriptor: Int32) {
    DetachedProcess.ignoreRequestsToEnd()
    let reversal: Reversal
    let caller: ProcessHandle
    let group: ProcessGroup
    do throws(KernelFailure) {
      (group, caller) = try watchdogPlace(task)
      guard let recorded = try readReversal(root: task.root) else {
        throw KernelFailure(
          operation: "watchdog", subject: task.owner, message: "what it has to do is not recorded")
      }
      reversal = recorded
    } catch {
      DetachedProcess.answer("\(error.subject): \(error.message)", on: descriptor)
      return
    }
    DetachedProcess.answer(nil, on: descriptor)
    BootClock.sleep(until: task.deadline)
    let confirmation = Confirmation(kernel: self, owner: task.owner, root: task.root)
    var isCallerEnded = false
    while true {
      do throws(KernelFailure) {
        try confirmation.expire(
          deadline: task.deadline, reversal: reversal, lockTimeoutSeconds: isCallerEnded ? 60 : 2)
        break
      } catch {
        // The apply still holds the lock (it may hang on a terminal that is gone), or something
        // stood in the way that may go.
        if !isCallerEnded { caller.end() }
        isCallerEnded = true
        if error.operation != "flock" { rest(for: .seconds(1)) }
      }
    }
    group.leave()
  }

  private func watchdogPlace(
    _ task: WatchdogTask
  ) throws(KernelFailure) -> (ProcessGroup, ProcessHandle) {
    do throws(KernelError) {
      let group = try LiveKernel.group(task.owner)
      try group.join()
      return (group, try ProcessHandle(task.caller))
    } catch {
      throw KernelFailure(error)
    }
  }

  // MARK: Records

  public func writeReversal(_ reversal: Reversal, root: String) throws(KernelFailure) {
    let path = "\(PinPath.formerRoot(root))/reversal"
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(reversal), let size = UInt32(exactly: data.count) else {
      throw KernelFailure(operation: "watchdog", subject: path, message: "it cannot be written")
    }
    let map = try wrap(about: path) { () throws(KernelError) in
      let map = try Map.create(
        MapParameters(
          type: .array, name: "reversal", keySize: 4, valueSize: size, maxEntries: 1))
      try map.update([0, 0, 0, 0], Array(data))
      try map.freeze()
      return map
    }
    _ = try makeDirectories(for: path, root: root)
    try removePin(path)
    try pin(LiveObject(map), at: path)
  }

  public func readReversal(root: String) throws(KernelFailure) -> Reversal? {
    let path = "\(PinPath.formerRoot(root))/reversal"
    guard let place = try place(of: path),
      let pinned = try wrap({ () throws(KernelError) in try place.directory.open(place.name) })
    else { return nil }
    guard case .map(let map) = pinned, map.info.type == .array,
      let bytes = try wrap({ () throws(KernelError) in try map.lookup([0, 0, 0, 0]) }),
      let reversal = try? JSONDecoder().decode(Reversal.self, from: Data(bytes)),
      reversal.root == root
    else {
      throw KernelFailure(operation: "watchdog", subject: path, message: "it cannot be read")
    }
    return reversal
  }

  public func noteReversal(owner: String, happened: Bool) throws(KernelFailure) {
    try wrap(about: owner) { () throws(KernelError) in
      try RunDirectory.mark("\(owner).reversed", happened)
    }
  }

  public func wasReversed(owner: String) -> Bool {
    RunDirectory.isMarked("\(owner).reversed")
  }
}
