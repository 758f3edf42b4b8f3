internal import BPFKernel
public import Planning

/// Two locks: the owner's directory, and a file that the owners of the same name on another bpffs
/// would take too.
final class LiveLock: OwnerLock {
  private let locks: [FileLock]
  init(_ locks: [FileLock]) { self.locks = locks }
}

extension LiveKernel {
  public func lock(
    owner: String, root: String, timeoutSeconds: Int
  ) throws(KernelFailure) -> any OwnerLock {
    let timeout = Duration.seconds(max(0, timeoutSeconds))
    // The directory may not exist yet; it goes again when nothing is pinned in it.
    _ = try makeDirectories(for: "\(root)/inventory", root: root)
    do throws(FileLock.Failure) {
      var locks: [FileLock] = []
      if let file = try runDirectory(owner: owner) {
        locks.append(try FileLock.acquire(file: file, timeout: timeout))
      }
      locks.append(try FileLock.acquire(try ownerDirectory(root), timeout: timeout))
      return LiveLock(locks)
    } catch {
      switch error {
      case .held(let process, let path):
        let holder = process.map { "process \($0)" } ?? "another process"
        throw KernelFailure(
          operation: "flock", subject: path, errorNumber: Errno.again.rawValue,
          message: "\(holder) is changing \(owner)",
          hints: ["wait for it, or give it more time with --lock-timeout SECONDS"])
      case .kernel(let error): throw KernelFailure(error)
      }
    }
  }

  private func ownerDirectory(_ root: String) throws(FileLock.Failure) -> PinDirectory {
    do throws(KernelFailure) {
      let filesystem = try filesystem(of: root)
      do throws(KernelError) {
        return try filesystem.directory(try filesystem.components(of: root))
      } catch {
        throw KernelFailure(error)
      }
    } catch {
      throw .kernel(
        KernelError("flock", refused: error.message, on: root, hint: error.hints.first))
    }
  }

  /// nil: whoever may not write to /run has the lock of the directory alone.
  private func runDirectory(owner: String) throws(FileLock.Failure) -> String? {
    do throws(KernelError) {
      return try RunDirectory.path(of: "\(owner).lock")
    } catch {
      if error.errno == .accessDenied { return nil }
      throw .kernel(error)
    }
  }

  public func waitUntilGone(
    _ ids: [(Planning.ObjectKind, UInt32)], seconds: Int
  ) throws(KernelFailure) -> [(Planning.ObjectKind, UInt32)] {
    held = []
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(max(0, seconds))
    var left = ids
    while true {
      var still: [(Planning.ObjectKind, UInt32)] = []
      for (kind, id) in left {
        do throws(KernelError) {
          if try kind.kernelKind.exists(id: id) { still.append((kind, id)) }
        } catch {
          // Without CAP_SYS_ADMIN nobody says whether an id exists, and there is nothing to wait for.
          guard error.errno == .notPermitted else { throw KernelFailure(error) }
        }
      }
      if still.isEmpty || clock.now >= deadline { return still }
      left = still
      rest(for: .milliseconds(2))
    }
  }
}

extension Planning.ObjectKind {
  var kernelKind: BPFKernel.ObjectKind {
    switch self {
    case .map: .map
    case .program: .program
    case .link: .link
    }
  }
}
