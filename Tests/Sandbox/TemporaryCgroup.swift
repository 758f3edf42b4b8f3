import Glibc

/// A cgroup for one test, removed when this value ends.
public struct TemporaryCgroup: ~Copyable {
  /// Below the root of the hierarchy, e.g. `/bpfapply-test-42-0`.
  public let path: String
  /// In the file system.
  public let directory: String

  public init() throws(SandboxError) {
    let mounts = String(
      decoding: try Sandbox.read("/proc/thread-self/mounts"), as: UTF8.self)
    let line = mounts.split(separator: "\n").first {
      $0.split(separator: " ").dropFirst(2).first == "cgroup2"
    }
    guard let mount = line?.split(separator: " ").dropFirst().first else {
      throw SandboxError("no cgroup2 hierarchy is mounted")
    }
    for number in 0..<1000 {
      let path = "/bpfapply-test-\(getpid())-\(number)"
      if mkdir("\(mount)\(path)", 0o755) == 0 {
        self.path = path
        self.directory = "\(mount)\(path)"
        return
      }
      guard errno == EEXIST else { break }
    }
    throw SandboxError("mkdir of a cgroup in \(mount): \(Sandbox.lastError())")
  }

  /// Moves a process into the cgroup.
  public func add(process: Int32) throws(SandboxError) {
    let descriptor = open(directory + "/cgroup.procs", O_WRONLY)
    guard descriptor >= 0 else { throw SandboxError("cgroup.procs: \(Sandbox.lastError())") }
    defer { close(descriptor) }
    let text = Array("\(process)".utf8)
    guard write(descriptor, text, text.count) == text.count else {
      throw SandboxError("cgroup.procs: \(Sandbox.lastError())")
    }
  }

  /// Kills every process in it, as a login manager ends a session (`cgroup.kill`).
  public func kill() throws(SandboxError) {
    let descriptor = open(directory + "/cgroup.kill", O_WRONLY)
    guard descriptor >= 0 else { throw SandboxError("cgroup.kill: \(Sandbox.lastError())") }
    defer { close(descriptor) }
    guard write(descriptor, "1", 1) == 1 else {
      throw SandboxError("cgroup.kill: \(Sandbox.lastError())")
    }
  }

  deinit { rmdir(directory) }
}
