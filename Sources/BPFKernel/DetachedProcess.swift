internal import CBPF
internal import Glibc

/// A program that goes on when its starter ends: in its own session, with nothing on its standard
/// streams, in the root directory.
public enum DetachedProcess {
  /// Starts it with these descriptors, and no others, open under their numbers, and waits until it
  /// answers on one more, whose number is appended to the arguments. Throws what it answers unless that is
  /// `ready`, or that it did not answer within the time.
  public static func start(
    _ executable: String, _ arguments: [String], keeping descriptors: [Int32],
    seconds: Int32 = 20
  ) throws(KernelError) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else {
      throw KernelError("pipe", Errno(rawValue: errno), on: executable)
    }
    let answer = try FileDescriptor(adopting: ends[0])
    let question = try FileDescriptor(adopting: ends[1])
    _ = fcntl(answer.rawValue, F_SETFD, FD_CLOEXEC)
    let process = try spawn(
      executable, arguments + ["\(question.rawValue)"], descriptors + [question.rawValue])
    // Only the child holds the writing end now: its death ends the wait.
    close(question)
    let reply = read(answer.rawValue, seconds: seconds)
    guard reply != ready else { return }
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
    throw KernelError(
      "exec", refused: reply ?? "it does not answer", on: "watchdog")
  }

  /// What a started process answers when everything is in place.
  static let ready = "ready"

  /// Answers the starter: `nil` = ready, otherwise why not.
  public static func answer(_ problem: String?, on descriptor: Int32) {
    let bytes = Array((problem ?? ready).utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    _ = Glibc.close(descriptor)
  }

  /// Requests to end are not for the process any more; it ends when its work is done.
  public static func ignoreRequestsToEnd() {
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU] {
      signal(number, SIG_IGN)
    }
  }

  /// Whether process 1 of this PID namespace belongs to the caller's session, so that everything in
  /// the namespace ends with it.
  public static var endsWithCaller: Bool {
    // PROC_PID_INIT_INO: the namespace that the host started with.
    var facts = stat()
    if unsafe stat("/proc/self/ns/pid", &facts) == 0, facts.st_ino == 0xEFFF_FFFC { return false }
    return getpid() == 1 || getsid(1) == getsid(0)
  }

  private static func spawn(
    _ executable: String, _ arguments: [String], _ descriptors: [Int32]
  ) throws(KernelError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    for number: Int32 in 0...2 {
      unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
    }
    try keepFromSuccessors()
    // Onto itself: the copy is not closed by exec.
    for number in descriptors {
      unsafe posix_spawn_file_actions_adddup2(&actions, number, number)
    }
    // POSIX_SPAWN_SETSID
    unsafe posix_spawnattr_setflags(&attributes, 0x80)
    let words = unsafe (["bpfapply"] + arguments).map { unsafe strdup($0) }
    let path = unsafe strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
    let owned = unsafe words + [path]
    defer { for index in unsafe owned.indices { unsafe free(owned[index]) } }
    let argv = unsafe words + [nil]
    let environment = unsafe [path, nil]
    var process: pid_t = 0
    let code = unsafe posix_spawn(
      &process, executable, &actions, &attributes, argv, environment)
    guard code == 0 else {
      throw KernelError("posix_spawn", Errno(rawValue: code), on: executable)
    }
    return process
  }

  /// What this process was given by its own starter and never asked for (the pipe of a CI runner, a lock)
  /// is closed by exec: who waits for its end would wait for ours.
  private static func keepFromSuccessors() throws(KernelError) {
    for number in try numbers(in: "/proc/self/fd") where number > 2 {
      _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    }
  }

  private static func close(_ descriptor: consuming FileDescriptor) {}

  /// All that is written until the other end closes; nil after the time.
  private static func read(_ descriptor: Int32, seconds: Int32) -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&event, 1, seconds * 1000)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return nil }
      let length = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if length < 0, errno == EINTR { continue }
      if length <= 0 { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<length]
    }
  }
}

/// A process that keeps its identity when its number is given to another (pidfd_open(2), 5.3).
public final class ProcessHandle: Sendable {
  private let descriptor: FileDescriptor

  /// The id of the calling process.
  public static var ownID: Int32 { getpid() }

  public init(_ process: Int32) throws(KernelError) {
    descriptor = try FileDescriptor(
      cbpf_pidfd_open(process), "pidfd_open", on: "process \(process)")
  }

  /// Ends it (SIGKILL); one that has ended is no error.
  public func end() { _ = cbpf_pidfd_signal(descriptor.rawValue, SIGKILL) }
}
