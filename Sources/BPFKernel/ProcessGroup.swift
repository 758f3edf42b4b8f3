internal import Glibc

/// A cgroup2 directory at the root of the hierarchy that holds one process of ours, so that it does
/// not end with the cgroup that it was started in, and can be found and ended without its number.
public struct ProcessGroup: Sendable {
  private let mount: String
  private let directory: String

  public init(_ name: String) throws(KernelError) {
    mount = try Cgroup.mountPath()
    directory = "\(mount)/\(name)"
  }

  /// Moves this process into it; it is made if it is not there.
  public func join() throws(KernelError) {
    if unsafe mkdir(directory, 0o755) < 0, errno != EEXIST {
      throw KernelError("mkdir", Errno(rawValue: errno), on: directory)
    }
    try enter(directory)
  }

  /// Moves this process out of it, to the root of the hierarchy, and removes it. What does not work
  /// leaves an empty directory that the next one uses.
  public func leave() {
    try? enter(mount)
    unsafe rmdir(directory)
  }

  /// Ends every process in it (SIGKILL) and removes it.
  public func end() throws(KernelError) {
    while true {
      let text: [UInt8]
      do throws(KernelError) {
        text = try readFile("\(directory)/cgroup.procs")
      } catch {
        if error.errno == .noEntry { return }
        throw error
      }
      let processes = String(decoding: text, as: UTF8.self).split(separator: "\n")
        .compactMap { Int32($0) }.filter { $0 > 0 }
      for process in processes { kill(process, SIGKILL) }
      if processes.isEmpty, unsafe rmdir(directory) == 0 || errno == ENOENT { return }
      rest(for: .milliseconds(2))
    }
  }

  private func enter(_ directory: String) throws(KernelError) {
    let path = "\(directory)/cgroup.procs"
    let file = try openFile(path, O_WRONLY)
    // 0 stands for the writer.
    guard unsafe write(file.rawValue, "0", 1) == 1 else {
      throw KernelError("write", Errno(rawValue: errno), on: path)
    }
  }
}
