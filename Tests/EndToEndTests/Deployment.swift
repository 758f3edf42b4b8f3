import Glibc
import Sandbox
import Testing

/// A directory with a manifest and object files, and bpfapply run in it.
struct Deployment: ~Copyable {
  let directory: String
  /// The owner in the manifest. Programs tell their owner to every bpffs of the host, so that tests
  /// that run at the same time need owners of their own.
  let owner: String

  init(_ name: String = "watch") throws {
    var path = Array("/tmp/bpfapply-test-XXXXXX".utf8CString)
    guard mkdtemp(&path) != nil else { throw SandboxError("mkdtemp: \(errno)") }
    directory = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    owner = "\(name)-\(getpid())"
    chmod(directory, 0o755)
  }

  deinit { _ = try? Sandbox.run(["rm", "-rf", directory]) }

  /// The directory of the owner's pins.
  var pins: String { "/sys/fs/bpf/bpfapply/\(owner)" }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// Writes a file of the directory, whole.
  func write(_ text: String, to name: String = "manifest.yaml") throws {
    try write(Array(text.utf8), to: name)
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SandboxError("\(path(name)): errno \(errno)") }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw SandboxError("\(path(name)): errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Compiles Tests/Fixtures/NAME.bpf.c and puts the object beside the manifest as NAME.bpf.o.
  func compile(_ name: String, options: [String] = []) throws {
    let object = try Sandbox.compile(file: "Tests/Fixtures/\(name).bpf.c", options: options)
    try write(Sandbox.read(object), to: "\(name).bpf.o")
  }

  /// The executable that is built with the tests, or the one that BPFAPPLY_EXECUTABLE names.
  static var executable: String {
    get throws {
      if let named = getenv("BPFAPPLY_EXECUTABLE") { return String(cString: named) }
      let tests = String(
        decoding: try Sandbox.run(["readlink", "/proc/\(getpid())/exe"]).succeeded().output.utf8,
        as: UTF8.self)
      let directory = tests.split(separator: "/").dropLast().joined(separator: "/")
      return "/\(directory)/bpfapply"
    }
  }

  /// Runs bpfapply in the directory.
  @discardableResult
  func bpfapply(_ arguments: String..., status: Int32 = 0, saying words: String...) throws
    -> CommandResult
  {
    try Sandbox.run([Self.executable] + arguments, directory: directory)
      .ended(status, saying: words)
  }

  @discardableResult
  func apply(
    _ arguments: String..., status: Int32 = 0, saying words: String...
  ) throws -> CommandResult {
    try Sandbox.run(
      [Self.executable, "apply", "--auto-approve"] + arguments + ["manifest.yaml"],
      directory: directory
    ).ended(status, saying: words)
  }

  @discardableResult
  func plan(status: Int32 = 0, saying words: String...) throws -> CommandResult {
    try Sandbox.run(
      [Self.executable, "plan", "--detailed-exitcode", "manifest.yaml"], directory: directory
    ).ended(status, saying: words)
  }

  @discardableResult
  func drift(status: Int32 = 0, saying words: String...) throws -> CommandResult {
    try Sandbox.run([Self.executable, "drift", "manifest.yaml"], directory: directory)
      .ended(status, saying: words)
  }

  /// The kernel is as the manifest says, and as it was last applied.
  func isSettled() throws {
    try plan(saying: "No changes.")
    try drift(saying: "no drift")
  }
}

extension CommandResult {
  /// Throws, with all that was printed, unless the command ended with that status and printed
  /// all of these words.
  @discardableResult
  func ended(_ status: Int32, saying words: [String] = []) throws -> CommandResult {
    let text = output + errors
    let missing = words.filter { !text.contains($0) }
    guard self.status == status, missing.isEmpty else {
      let what =
        self.status == status
        ? "did not say \(missing.map { "\"\($0)\"" }.joined(separator: ", "))"
        : "ended with \(self.status), not \(status)"
      throw SandboxError("\(command.joined(separator: " ")) \(what):\n\(errors)\(output)")
    }
    return self
  }
}

/// Throws a text unless the condition holds.
func check(_ condition: Bool, _ text: @autoclosure () -> String) throws {
  guard condition else { throw SandboxError(text()) }
}

/// Looks again until something is so, for at most a minute.
func eventually(_ text: @autoclosure () throws -> String, _ condition: () throws -> Bool) throws {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  let deadline = now.tv_sec + 60
  while try !condition() {
    clock_gettime(CLOCK_MONOTONIC, &now)
    guard now.tv_sec < deadline else { throw SandboxError("not within a minute: \(try text())") }
    usleep(2000)
  }
}

/// A sandbox with a /run of its own, where locks and names of namespaces are kept, and a tracefs.
func endToEnd(
  _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) {
  sandboxed(
    {
      try Sandbox.mount("tmpfs", at: "/run", type: "tmpfs")
      try Sandbox.mountTracefs()
      try body()
    }, sourceLocation: sourceLocation)
}
