import BPFObject
import Glibc
import Synchronization

/// Compiles the `.bpf.c` files of Tests/Fixtures, or a source of a test's own.
enum Fixture {
  static let directory: String = {
    let parts = #filePath.split(separator: "/").dropLast(2)
    return "/" + parts.joined(separator: "/") + "/Fixtures"
  }()

  struct Failure: Error { var message: String }

  /// The object's bytes; compiled at most once for each set of arguments.
  static func bytes(
    _ name: String, target: String = "bpf", debug: Bool = true, options: [String] = []
  ) throws -> [UInt8] {
    try compile("\(directory)/\(name).bpf.c", target: target, debug: debug, options: options)
  }

  static func object(_ name: String, target: String = "bpf") throws -> ObjectFile {
    try ObjectFile(parsing: try bytes(name, target: target), name: "\(name).bpf.o")
  }

  /// Compiles a source that stands in the test.
  static func bytes(
    source: String, target: String = "bpf", debug: Bool = true
  ) throws -> [UInt8] {
    let directory = try temporaryDirectory()
    defer { remove(directory) }
    let path = directory + "/source.bpf.c"
    try write(Array(source.utf8), to: path)
    return try compile(path, target: target, debug: debug, options: [])
  }

  /// The object as libbpf's static linker writes it.
  static func linked(_ bytes: [UInt8]) throws -> [UInt8] {
    let directory = try temporaryDirectory()
    defer { remove(directory) }
    try write(bytes, to: "\(directory)/in.o")
    let (status, output) = try run(
      "cd \(directory) && bpftool gen object out.o in.o 2>&1")
    guard status == 0 else { throw Failure(message: "bpftool gen object: \(output)") }
    return try read("\(directory)/out.o")
  }

  private static func compile(
    _ path: String, target: String, debug: Bool, options: [String]
  ) throws -> [UInt8] {
    let directory = try temporaryDirectory()
    defer { remove(directory) }
    let output = directory + "/object.o"
    #if arch(arm64)
      let multiarch = "aarch64-linux-gnu"
    #else
      let multiarch = "x86_64-linux-gnu"
    #endif
    let arguments =
      ["-O2", "-target", target, "-I/usr/include/\(multiarch)"] + (debug ? ["-g"] : []) + options
    let (status, log) = try run(
      "clang " + arguments.joined(separator: " ") + " -c '\(path)' -o '\(output)' 2>&1")
    guard status == 0 else { throw Failure(message: "clang failed on \(path):\n\(log)") }
    return try read(output)
  }

  /// Runs a shell command and returns its status and output.
  static func run(_ command: String) throws -> (status: Int32, output: String) {
    guard let stream = popen(command, "r") else { throw Failure(message: "popen failed") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&buffer, 1, buffer.count, stream)
      if count == 0 { break }
      output += buffer[..<count]
    }
    return (pclose(stream), String(decoding: output, as: UTF8.self))
  }

  static func temporaryDirectory() throws -> String {
    var template = Array("/tmp/bpfobject-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(message: "mkdtemp failed") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func remove(_ directory: String) {
    _ = try? run("rm -rf '\(directory)'")
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "w") else { throw Failure(message: "cannot write \(path)") }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw Failure(message: "cannot write \(path)")
    }
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw Failure(message: "cannot read \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}

/// Counts calls from anywhere.
final class Counter: Sendable {
  private let number = Mutex(0)
  var value: Int { number.withLock { $0 } }
  func count() { number.withLock { $0 += 1 } }
}
