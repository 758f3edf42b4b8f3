import Glibc

/// What a command left behind.
public struct CommandResult: Sendable {
  public var command: [String]
  /// The exit status, or 128 + the number of the signal that ended it.
  public var status: Int32
  public var output: String
  public var errors: String

  /// Throws unless the command ended with status 0.
  @discardableResult
  public func succeeded() throws(SandboxError) -> CommandResult {
    guard status == 0 else {
      throw SandboxError(
        "\(command.joined(separator: " ")) ended with \(status): \(errors)\(output)")
    }
    return self
  }
}

/// A command that runs beside the test; ending this value without a `wait` kills it.
public struct RunningCommand: ~Copyable {
  public let command: [String]
  public let process: pid_t
  private let output: Int32
  private let errors: Int32
  private var isRunning = true

  init(_ command: [String], process: pid_t, output: Int32, errors: Int32) {
    self.command = command
    self.process = process
    self.output = output
    self.errors = errors
  }

  public func signal(_ number: Int32) { kill(process, number) }

  /// Waits until it ends.
  public consuming func wait() -> CommandResult {
    let state = reap()
    let signal = state & 0x7f
    return CommandResult(
      command: command, status: signal == 0 ? state >> 8 & 0xff : 128 + signal,
      output: Sandbox.contents(output), errors: Sandbox.contents(errors))
  }

  private mutating func reap() -> Int32 {
    var state: Int32 = 0
    while waitpid(process, &state, 0) < 0 && errno == EINTR {}
    isRunning = false
    return state
  }

  deinit {
    if isRunning {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    close(output)
    close(errors)
  }
}

extension Sandbox {
  /// Runs a command, found in PATH, in the calling thread's namespaces, and waits for it.
  /// `environment` is added to this process's own.
  @discardableResult
  public static func run(
    _ command: [String], input: String = "", environment: [String: String] = [:],
    directory: String? = nil
  ) throws(SandboxError) -> CommandResult {
    try start(command, input: input, environment: environment, directory: directory).wait()
  }

  /// Starts a command in the same way, and does not wait for it.
  public static func start(
    _ command: [String], input: String = "", environment: [String: String] = [:],
    directory: String? = nil
  ) throws(SandboxError) -> RunningCommand {
    let standardInput = try temporaryFile()
    defer { close(standardInput) }
    let output = try temporaryFile()
    let errors: Int32
    do throws(SandboxError) { errors = try temporaryFile() } catch {
      close(output)
      throw error
    }
    _ = Array(input.utf8).withUnsafeBytes { write(standardInput, $0.baseAddress, $0.count) }
    lseek(standardInput, 0, SEEK_SET)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)

    var variables = environment
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, variables[String(parts[0])] == nil {
        variables[String(parts[0])] = String(parts[1])
      }
      entry += 1
    }
    let words = directory.map { ["env", "-C", $0] + command } ?? command
    var arguments = words.map { strdup($0) } + [nil]
    var strings = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + strings { free(text) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, words[0], &actions, nil, &arguments, &strings)
    guard code == 0 else {
      close(output)
      close(errors)
      throw SandboxError("\(words[0]): \(String(cString: strerror(code)))")
    }
    return RunningCommand(command, process: process, output: output, errors: errors)
  }

  private static func temporaryFile() throws(SandboxError) -> Int32 {
    var path = Array("/tmp/bpfapply-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw SandboxError("mkstemp: \(lastError())") }
    unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  static func contents(_ descriptor: Int32) -> String {
    lseek(descriptor, 0, SEEK_SET)
    return String(decoding: readAll(descriptor), as: UTF8.self)
  }

  static func readAll(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = buffer.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count <= 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}
