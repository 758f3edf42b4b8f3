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

extension Sandbox {
  /// Runs a command, found in PATH, in the calling thread's namespaces, and waits for it.
  /// `environment` is added to this process's own.
  @discardableResult
  public static func run(
    _ command: [String], input: String = "", environment: [String: String] = [:],
    directory: String? = nil
  ) throws(SandboxError) -> CommandResult {
    let standardInput = try temporaryFile()
    defer { close(standardInput) }
    let output = try temporaryFile()
    defer { close(output) }
    let errors = try temporaryFile()
    defer { close(errors) }
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
      throw SandboxError("\(words[0]): \(String(cString: strerror(code)))")
    }
    var state: Int32 = 0
    while waitpid(process, &state, 0) < 0 && errno == EINTR {}
    let signal = state & 0x7f
    return CommandResult(
      command: command, status: signal == 0 ? state >> 8 & 0xff : 128 + signal,
      output: contents(output), errors: contents(errors))
  }

  private static func temporaryFile() throws(SandboxError) -> Int32 {
    var path = Array("/tmp/bpfapply-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw SandboxError("mkstemp: \(lastError())") }
    unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  private static func contents(_ descriptor: Int32) -> String {
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
